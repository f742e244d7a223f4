/* SHA-256 (FIPS 180-4), by the processor's instructions for it where it has them. */
#ifndef BAKEOFF_SHA256_H
#define BAKEOFF_SHA256_H

#include "platform/sha256_blocks.h"

struct sha256 {
    uint32_t state[8];
    uint64_t length;
    unsigned char block[64];
    sha256_blocks blocks;
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t length);
void sha256_end(struct sha256 *hash, char hexadecimal[65]);

#endif
