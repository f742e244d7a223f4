#include "platform/sha256.h"

void sha256_begin(struct sha256 *hash)
{
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(hash->state, initial, sizeof initial);
    hash->length = 0;
    hash->blocks = sha256_blocks_of_processor();
    if (hash->blocks == NULL)
        hash->blocks = sha256_blocks_portable;
}

void sha256_add(struct sha256 *hash, const void *data, size_t length)
{
    const unsigned char *bytes = data;
    while (length > 0) {
        size_t filled = hash->length % 64, taken = 64 - filled < length ? 64 - filled : length;
        if (filled == 0 && length >= 64) {
            taken = length - length % 64;
            hash->blocks(hash->state, bytes, taken / 64);
        } else {
            memcpy(hash->block + filled, bytes, taken);
            if (filled + taken == 64)
                hash->blocks(hash->state, hash->block, 1);
        }
        hash->length += taken;
        bytes += taken;
        length -= taken;
    }
}

void sha256_end(struct sha256 *hash, char hexadecimal[65])
{
    uint64_t bits = hash->length * 8;
    unsigned char end[8], one = 0x80, zero = 0;
    for (int k = 0; k < 8; k++)
        end[k] = (unsigned char)(bits >> (56 - 8 * k));
    sha256_add(hash, &one, 1);
    while (hash->length % 64 != 56)
        sha256_add(hash, &zero, 1);
    sha256_add(hash, end, 8);
    for (int k = 0; k < 32; k++)
        snprintf(hexadecimal + 2 * k, 3, "%02x", (unsigned)(hash->state[k / 4] >> (24 - 8 * (k % 4))) & 0xFF);
}
