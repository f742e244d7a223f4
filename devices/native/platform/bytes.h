/* A buffer that grows, and the one place where memory running out is dealt with. */
#ifndef BAKEOFF_BYTES_H
#define BAKEOFF_BYTES_H

#include "platform/platform.h"

#define EXIT_NO_MEMORY 71

struct bytes {
    char *data; /* NUL-terminated once anything was added */
    size_t length;
    size_t capacity;
};

/* Zeroed memory. Ends the process with EXIT_NO_MEMORY where there is none: an arm's worker that does so is on record
 * as failed, and a conductor has nothing to go on with. */
void *allocate(size_t count, size_t size);

char *copy_text(const char *text);

void bytes_add(struct bytes *bytes, const void *data, size_t length);
void bytes_text(struct bytes *bytes, const char *text);
__attribute__((format(printf, 2, 3))) void bytes_format(struct bytes *bytes, const char *format, ...);
void bytes_clear(struct bytes *bytes);
void bytes_free(struct bytes *bytes);

/* Writes all of it. False with errno set. */
bool write_all(int fd, const void *data, size_t length);

/* Appends all of a file of at most `limit` bytes. False with errno set; EFBIG where it is longer. */
bool bytes_read_file(struct bytes *bytes, const char *path, size_t limit);

#endif
