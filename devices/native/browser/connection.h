/* One connection to the server of pages: a request and its answer, or a page's socket. Nothing of it ever blocks. */
#ifndef BAKEOFF_CONNECTION_H
#define BAKEOFF_CONNECTION_H

#include "browser/served.h"

enum connection_state { CONNECTION_HEAD, CONNECTION_BODY, CONNECTION_ANSWER, CONNECTION_SOCKET };

struct connection {
    int fd;
    enum connection_state state;
    int64_t deadline_ns; /* of the next byte; INT64_MAX where none is due, as of a socket that has nothing to send */
    struct served *served; /* NULL until its request is read */
    struct bytes received;
    struct bytes out; /* to be sent before the file */
    size_t sent;
    int file; /* −1 for none */
    int64_t file_left;
    size_t output;           /* which is put */
    unsigned outputs_opened; /* as its outputs were when it began */
    size_t body_bytes;
    struct web_socket socket;
};

/* Takes over the descriptor. */
void connection_open(struct connection *connection, int fd);

/* What to wait for: POLLIN, POLLOUT or both. */
short connection_awaits(const struct connection *connection);

/* When it will have stalled too long. */
int64_t connection_deadline_ns(struct connection *connection);

/* Goes on as far as it can at once. `find` gives what a request's token opens. False when it is over. */
bool connection_go_on(struct connection *connection, struct served *(*find)(void *, const struct http_request *), void *of);

void connection_close(struct connection *connection);

#endif
