#include "browser/sha1.h"

static uint32_t turned(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

static void add_block(uint32_t state[5], const unsigned char *block)
{
    uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int k = 0; k < 16; k++)
        words[k] = (uint32_t)block[4 * k] << 24 | (uint32_t)block[4 * k + 1] << 16 | (uint32_t)block[4 * k + 2] << 8
                   | block[4 * k + 3];
    for (int k = 16; k < 80; k++)
        words[k] = turned(words[k - 3] ^ words[k - 8] ^ words[k - 14] ^ words[k - 16], 1);
    for (int k = 0; k < 80; k++) {
        uint32_t mixed = k < 20 ? ((b & c) | (~b & d)) + 0x5A827999u
                         : k < 40 ? (b ^ c ^ d) + 0x6ED9EBA1u
                         : k < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu
                                  : (b ^ c ^ d) + 0xCA62C1D6u;
        uint32_t next = turned(a, 5) + mixed + e + words[k];
        e = d;
        d = c;
        c = turned(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sha1(const void *data, size_t length, unsigned char digest[SHA1_BYTES])
{
    uint32_t state[5] = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u};
    unsigned char blocks[128] = {0};
    if (length > SHA1_TEXT_MAX_BYTES)
        length = SHA1_TEXT_MAX_BYTES;
    size_t whole = length + 9 > 64 ? 128 : 64;
    memcpy(blocks, data, length);
    blocks[length] = 0x80;
    for (int k = 0; k < 4; k++)
        blocks[whole - 1 - (size_t)k] = (unsigned char)(length * 8 >> (8 * k));
    for (size_t at = 0; at < whole; at += 64)
        add_block(state, blocks + at);
    for (int k = 0; k < SHA1_BYTES; k++)
        digest[k] = (unsigned char)(state[k / 4] >> (24 - 8 * (k % 4)));
}
