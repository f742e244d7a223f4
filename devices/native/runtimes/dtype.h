/* Types of tensor elements, by numpy's names. */
#ifndef BAKEOFF_DTYPE_H
#define BAKEOFF_DTYPE_H

#include "platform/platform.h"

enum dtype {
    DTYPE_NONE, /* one that .npy files of this runner cannot hold */
    DTYPE_BOOL,
    DTYPE_INT8,
    DTYPE_UINT8,
    DTYPE_INT16,
    DTYPE_UINT16,
    DTYPE_INT32,
    DTYPE_UINT32,
    DTYPE_INT64,
    DTYPE_UINT64,
    DTYPE_FLOAT16,
    DTYPE_FLOAT32,
    DTYPE_FLOAT64,
};

#define RANK_MAX 8

/* A dense tensor, rows last. */
struct tensor {
    enum dtype dtype;
    size_t rank;
    int64_t shape[RANK_MAX];
    size_t bytes;
    void *data;
};

const char *dtype_name(enum dtype dtype);
size_t dtype_bytes(enum dtype dtype);
/* As in a .npy header, such as `<f4`. */
const char *dtype_descr(enum dtype dtype);
enum dtype dtype_of_descr(const char *descr);
enum dtype dtype_of_name(const char *name);

/* False where a size is negative or the product does not fit. */
bool tensor_bytes(enum dtype dtype, size_t rank, const int64_t *shape, size_t *bytes);

#endif
