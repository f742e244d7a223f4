#include "browser/request_pipe.h"

void request_pipe_read(struct request_pipe *pipe)
{
    char chunk[16384];
    ssize_t got = read(pipe->fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR)
        return;
    if (got <= 0 || pipe->text.length > REQUEST_MAX_BYTES) {
        pipe->has_ended = true;
        return;
    }
    bytes_add(&pipe->text, chunk, (size_t)got);
}

bool request_pipe_line(struct request_pipe *pipe, struct bytes *line)
{
    char *newline = pipe->text.length != 0 ? memchr(pipe->text.data, '\n', pipe->text.length) : NULL;
    if (newline == NULL)
        return false;
    size_t length = (size_t)(newline - pipe->text.data), left = pipe->text.length - length - 1;
    bytes_clear(line);
    bytes_add(line, pipe->text.data, length);
    memmove(pipe->text.data, newline + 1, left);
    pipe->text.length = left;
    return true;
}
