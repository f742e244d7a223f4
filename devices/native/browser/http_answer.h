/* Heads of answers over HTTP/1.1. Whoever asks for what is not there learns nothing more. */
#ifndef BAKEOFF_HTTP_ANSWER_H
#define BAKEOFF_HTTP_ANSWER_H

#include "platform/bytes.h"

/* What is served, with all that makes a page cross-origin isolated. The type of its content follows from its name. */
void http_answer_content(struct bytes *out, const char *name, int64_t content_bytes);

/* An output was taken. */
void http_answer_taken(struct bytes *out);

/* There is nothing, whatever the reason. */
void http_answer_nothing(struct bytes *out);

/* The connection is a WebSocket from here on. */
void http_answer_socket(struct bytes *out, const char *socket_key);

#endif
