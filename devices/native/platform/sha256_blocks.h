/* The compression function of SHA-256: in C for every processor, and by the instructions that some have for it. */
#ifndef BAKEOFF_SHA256_BLOCKS_H
#define BAKEOFF_SHA256_BLOCKS_H

#include "platform/platform.h"

/* Takes `count` blocks of 64 bytes into the state. */
typedef void (*sha256_blocks)(uint32_t state[8], const unsigned char *blocks, size_t count);

extern const uint32_t sha256_round_constants[64];

void sha256_blocks_portable(uint32_t state[8], const unsigned char *blocks, size_t count);

/* That of this processor's instructions; NULL where it has none. */
sha256_blocks sha256_blocks_of_processor(void);

#endif
