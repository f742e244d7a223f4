/* The runner as the device's program for SHA-256: quicker than what most devices have. */
#ifndef BAKEOFF_HASH_FILES_H
#define BAKEOFF_HASH_FILES_H

#include "platform/platform.h"

/* Prints `<sha256>  <name>` of every file, or of standard input where none is named, as sha256sum does. Returns the
 * exit code: 1 where a file could not be read. */
int hash_files(int count, char **paths);

/* Prints `<sha256>  <name>` of a file that is still being written, once it has at least `bytes`. Returns 1 without a
 * word when standard input ends before: then nobody waits for it any more. */
int hash_growing_file(const char *path, int64_t bytes);

#endif
