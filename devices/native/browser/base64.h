/* Bytes as text of letters, digits and two more (RFC 4648). */
#ifndef BAKEOFF_BASE64_H
#define BAKEOFF_BASE64_H

#include "platform/platform.h"

/* Characters that so many bytes take, with what fills the last four, without a NUL. */
#define BASE64_CHARACTERS(bytes) (((bytes) + 2) / 3 * 4)

/* The usual alphabet, filled up with `=`; `text` takes BASE64_CHARACTERS and a NUL. */
void base64(const unsigned char *data, size_t length, char *text);

/* The alphabet for addresses, not filled up. */
void base64_for_addresses(const unsigned char *data, size_t length, char *text);

#endif
