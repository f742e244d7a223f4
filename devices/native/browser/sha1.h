/* SHA-1 (FIPS 180-4): the handshake of a WebSocket asks for it (RFC 6455, 4.2.2). It keeps nothing secret there. */
#ifndef BAKEOFF_SHA1_H
#define BAKEOFF_SHA1_H

#include "platform/platform.h"

#define SHA1_BYTES 20
#define SHA1_TEXT_MAX_BYTES 119 /* of what is hashed: two blocks, less what ends them */

/* Of a short text. */
void sha1(const void *data, size_t length, unsigned char digest[SHA1_BYTES]);

#endif
