/* The server's side of a WebSocket (RFC 6455): whole text messages in and out, of bounded size. */
#ifndef BAKEOFF_WEB_SOCKET_H
#define BAKEOFF_WEB_SOCKET_H

#include "browser/base64.h"
#include "browser/sha1.h"
#include "platform/bytes.h"

#define WEB_SOCKET_ACCEPT_CHARACTERS BASE64_CHARACTERS(SHA1_BYTES)

/* What the server answers to `Sec-WebSocket-Key`. */
void web_socket_accept(const char *key, char accepted[WEB_SOCKET_ACCEPT_CHARACTERS + 1]);

/* What a page said, as far as it has come. */
struct web_socket {
    struct bytes message;
    struct bytes ping; /* what was in the last one */
    bool is_under_way; /* parts of a message came, and not its last one */
    bool is_whole;     /* the message was given away: the next one begins anew */
};

enum web_socket_taken {
    SOCKET_INCOMPLETE,
    SOCKET_MESSAGE,   /* it is in `message`, until the next call */
    SOCKET_PING,      /* to be answered with what is in `ping` */
    SOCKET_CLOSED,    /* the page says that it ends */
    SOCKET_MALFORMED,
    SOCKET_TOO_LARGE, /* longer than a message may be now */
};

/* Takes frames off `received` until one of these is so. */
enum web_socket_taken web_socket_take(struct web_socket *socket, struct bytes *received, size_t most_bytes);

/* Adds a text message, or the answer to a ping, as a frame. */
void web_socket_add_text(struct bytes *out, const char *text, size_t length);
void web_socket_add_pong(struct bytes *out, const struct bytes *ping);

void web_socket_free(struct web_socket *socket);

#endif
