/* A server on loopback that gives pages to those alone who know their tokens. Whoever does not learns nothing of it.
 * It has no thread: it works while somebody waits for something, and the kernel wakes it for nothing else. */
#ifndef BAKEOFF_PAGE_SERVER_H
#define BAKEOFF_PAGE_SERVER_H

#include "browser/connection.h"
#include "browser/request_pipe.h"
#include "platform/failure.h"

#define CONNECTIONS_MAX 64

struct page_server {
    int listening[2]; /* 127.0.0.1 and ::1, −1 for none */
    int port;
    struct connection *connections[CONNECTIONS_MAX];
    int connection_count;
    struct served *served;
    struct request_pipe *requests;
};

/* `requests` is read while the server waits. */
bool page_server_open(struct page_server *server, struct request_pipe *requests, struct failure *failure);

/* Serves it under a new token at that name of this machine (`127.0.0.1`, `a0.localhost`), until it is removed. */
bool page_server_add(struct page_server *server, struct served *served, const char *name, struct failure *failure);
/* Ends its connections too. */
void page_server_remove(struct page_server *server, struct served *served);

/* Such as http://127.0.0.1:4711/TOKEN/tab.html. */
void page_server_address(const struct served *served, const char *name, struct bytes *address);

/* Waits until something happens, at most until then, and does what is to be done at once. */
void page_server_turn(struct page_server *server, int64_t until_ns);

void page_server_close(struct page_server *server);

#endif
