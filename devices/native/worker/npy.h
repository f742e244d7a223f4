/* .npy files: one dense array each (format versions 1 to 3, little-endian, C order). */
#ifndef BAKEOFF_NPY_H
#define BAKEOFF_NPY_H

#include "runtimes/dtype.h"
#include "platform/failure.h"

/* Reads a whole file into `tensor->data`, which the caller frees. On failure nothing is to be freed. */
bool npy_read(const char *path, struct tensor *tensor, struct failure *failure);

/* The same from memory, for any bytes whatever. */
bool npy_parse(const char *name, const unsigned char *content, size_t length, struct tensor *tensor,
               struct failure *failure);

/* The same without the data, which begins at `*data_at`: `tensor->data` is NULL. */
bool npy_find(const unsigned char *content, size_t length, const char *name, struct tensor *tensor, size_t *data_at,
              struct failure *failure);

/* What comes before the data, as numpy writes it. */
void npy_header(const struct tensor *tensor, struct bytes *out);

#endif
