/* What the conductor says: JSON lines on stdin, one at a time. Its end ends all. */
#ifndef BAKEOFF_REQUEST_PIPE_H
#define BAKEOFF_REQUEST_PIPE_H

#include "platform/bytes.h"

#define REQUEST_MAX_BYTES ((size_t)64 << 20)

struct request_pipe {
    int fd;
    bool has_ended; /* the conductor is gone, or has said more than a request may be */
    struct bytes text;
};

/* Takes what is there, without waiting where it is readable. */
void request_pipe_read(struct request_pipe *pipe);

/* Moves the first whole line, without its end, to `line`; false where there is none yet. */
bool request_pipe_line(struct request_pipe *pipe, struct bytes *line);

#endif
