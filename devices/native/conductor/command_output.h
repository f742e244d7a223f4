/* What a program prints, bounded in bytes and in time. */
#ifndef BAKEOFF_COMMAND_OUTPUT_H
#define BAKEOFF_COMMAND_OUTPUT_H

#include "platform/bytes.h"

/* Appends up to `max_bytes` of its stdout. Its stdin is empty; it, and whatever it started, is killed once that much
 * was read, at the timeout, and at a second signal to the runner. False, with one line in `error`, where it was ended at
 * one of the latter two, or ended by itself otherwise than with exit code 0. */
bool command_output(char *const argv[], size_t max_bytes, int64_t timeout_ns, struct bytes *text, char *error,
                    size_t error_size);

#endif
