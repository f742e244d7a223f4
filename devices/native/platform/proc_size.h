/* Sizes that the kernel tells in files of /proc. */
#ifndef BAKEOFF_PROC_SIZE_H
#define BAKEOFF_PROC_SIZE_H

#include "platform/platform.h"

/* A size in kB, in bytes; −1 where it is not there. The colon matters: `Pss` has `Pss_Anon` and `Pss_File` beside it.
 */
int64_t proc_size_bytes(const char *path, const char *key);

#endif
