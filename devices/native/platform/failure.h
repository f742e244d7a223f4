/* Why something did not work, as it goes on record: a type, and a message that names the thing. */
#ifndef BAKEOFF_FAILURE_H
#define BAKEOFF_FAILURE_H

#include "platform/bytes.h"

#define MESSAGE_MAX_BYTES 2000

/* The disk did not take an output of a model. That is no failure of the arm, and does not go on record. */
#define OUTPUT_NOT_WRITTEN "OutputNotWrittenError"

struct failure {
    char error[64];
    char message[MESSAGE_MAX_BYTES + 1];
};

/* Always false, so that a function can `return fail(...)`. */
__attribute__((format(printf, 3, 4))) bool fail(struct failure *failure, const char *error, const char *format, ...);

/* Appends the text with its white space collapsed, in at most `limit` bytes; cut between characters, with a mark. */
void add_one_line(struct bytes *out, const char *text, size_t limit);

/* A line to the runner's log, which is its stderr. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

#endif
