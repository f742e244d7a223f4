#include "runtimes/dtype.h"

static const struct {
    const char *name;
    const char *descr;
    size_t bytes;
} dtypes[] = {
    [DTYPE_NONE] = {"none", "", 0},          [DTYPE_BOOL] = {"bool", "|b1", 1},
    [DTYPE_INT8] = {"int8", "|i1", 1},       [DTYPE_UINT8] = {"uint8", "|u1", 1},
    [DTYPE_INT16] = {"int16", "<i2", 2},     [DTYPE_UINT16] = {"uint16", "<u2", 2},
    [DTYPE_INT32] = {"int32", "<i4", 4},     [DTYPE_UINT32] = {"uint32", "<u4", 4},
    [DTYPE_INT64] = {"int64", "<i8", 8},     [DTYPE_UINT64] = {"uint64", "<u8", 8},
    [DTYPE_FLOAT16] = {"float16", "<f2", 2}, [DTYPE_FLOAT32] = {"float32", "<f4", 4},
    [DTYPE_FLOAT64] = {"float64", "<f8", 8},
};

const char *dtype_name(enum dtype dtype)
{
    return dtypes[dtype].name;
}

size_t dtype_bytes(enum dtype dtype)
{
    return dtypes[dtype].bytes;
}

const char *dtype_descr(enum dtype dtype)
{
    return dtypes[dtype].descr;
}

enum dtype dtype_of_descr(const char *descr)
{
    for (size_t k = 1; k < sizeof dtypes / sizeof *dtypes; k++)
        if (strcmp(dtypes[k].descr, descr) == 0)
            return (enum dtype)k;
    return DTYPE_NONE;
}

enum dtype dtype_of_name(const char *name)
{
    for (size_t k = 1; k < sizeof dtypes / sizeof *dtypes; k++)
        if (strcmp(dtypes[k].name, name) == 0)
            return (enum dtype)k;
    return DTYPE_NONE;
}

bool tensor_bytes(enum dtype dtype, size_t rank, const int64_t *shape, size_t *bytes)
{
    uint64_t total = dtypes[dtype].bytes;
    bool empty = false, fits = true;
    for (size_t k = 0; k < rank; k++) {
        if (shape[k] < 0)
            return false;
        empty = empty || shape[k] == 0;
        fits = fits && (shape[k] == 0 || total <= (uint64_t)(PTRDIFF_MAX) / (uint64_t)shape[k]);
        total = fits && shape[k] != 0 ? total * (uint64_t)shape[k] : total;
    }
    *bytes = empty ? 0 : (size_t)total;
    return empty || fits;
}
