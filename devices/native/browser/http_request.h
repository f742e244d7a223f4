/* The head of a request over HTTP/1.1, from whoever sends one: bounded, and refused where anything of it is not as a
 * browser writes it. */
#ifndef BAKEOFF_HTTP_REQUEST_H
#define BAKEOFF_HTTP_REQUEST_H

#include "browser/token.h"

#define HTTP_HEAD_MAX_BYTES 16384
#define HTTP_NAME_MAX_BYTES 300
#define HTTP_ORIGIN_MAX_BYTES 120
#define WEB_SOCKET_KEY_CHARACTERS 24

enum http_method { HTTP_GET, HTTP_PUT };

struct http_request {
    enum http_method method;
    char token[TOKEN_CHARACTERS + 1];
    char name[HTTP_NAME_MAX_BYTES + 1]; /* below the token */
    char host[HTTP_ORIGIN_MAX_BYTES + 1];
    char origin[HTTP_ORIGIN_MAX_BYTES + 1]; /* empty where there is none */
    char socket_key[WEB_SOCKET_KEY_CHARACTERS + 1];
    int64_t content_length; /* −1 where it is not said */
    bool asks_for_socket;   /* with a key, in the one version there is */
    size_t head_bytes;      /* what follows them is a body */
};

enum http_parsed { HTTP_INCOMPLETE, HTTP_WHOLE, HTTP_REFUSED };

/* Reads what has come so far. */
enum http_parsed http_request_parse(struct http_request *request, const char *data, size_t length);

#endif
