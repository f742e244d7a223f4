/* SHA-256 by the processor's own instructions: SHA-NI on x86-64, the SHA2 extension on arm64; found at run time.
 *
 * Vector types and builtins of the compiler, no header of intrinsics: that for x86 wants a C library's beside it. Four
 * rounds are done at a time, on sixteen words of the message schedule that are kept in four vectors.
 */
#include "platform/sha256_blocks.h"

#if defined(__x86_64__) || defined(__aarch64__)

typedef uint32_t words __attribute__((vector_size(16)));
typedef unsigned char octets __attribute__((vector_size(16)));

static words load(const void *from)
{
    words loaded;
    memcpy(&loaded, from, sizeof loaded);
    return loaded;
}
#endif

#if defined(__x86_64__)

#define WITH_SHA __attribute__((target("sha,ssse3,sse4.1")))

typedef int ints __attribute__((vector_size(16)));

/* The instructions want the state as {f, e, b, a} and {h, g, d, c}. */
WITH_SHA static void four_rounds(words *low, words *high, words message, int first)
{
    words sum = message + load(sha256_round_constants + first);
    *high = (words)__builtin_ia32_sha256rnds2((ints)*high, (ints)*low, (ints)sum);
    sum = __builtin_shufflevector(sum, sum, 2, 3, 2, 3);
    *low = (words)__builtin_ia32_sha256rnds2((ints)*low, (ints)*high, (ints)sum);
}

/* The next four words of the schedule, from the sixteen before them. */
WITH_SHA static words next_words(words w0, words w1, words w2, words w3)
{
    words sum = (words)__builtin_ia32_sha256msg1((ints)w0, (ints)w1) + __builtin_shufflevector(w2, w3, 1, 2, 3, 4);
    return (words)__builtin_ia32_sha256msg2((ints)sum, (ints)w3);
}

WITH_SHA static words load_big_endian(const unsigned char *from)
{
    octets bytes = (octets)load(from);
    return (words)__builtin_shufflevector(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

WITH_SHA static void compress(uint32_t state[8], const unsigned char *blocks, size_t count)
{
    words abcd = load(state), efgh = load(state + 4);
    words low = __builtin_shufflevector(efgh, abcd, 1, 0, 5, 4), high = __builtin_shufflevector(efgh, abcd, 3, 2, 7, 6);
    for (; count > 0; count--, blocks += 64) {
        words w0 = load_big_endian(blocks), w1 = load_big_endian(blocks + 16);
        words w2 = load_big_endian(blocks + 32), w3 = load_big_endian(blocks + 48);
        words low_before = low, high_before = high;
        for (int t = 0;; t += 16) {
            four_rounds(&low, &high, w0, t);
            four_rounds(&low, &high, w1, t + 4);
            four_rounds(&low, &high, w2, t + 8);
            four_rounds(&low, &high, w3, t + 12);
            if (t == 48)
                break;
            w0 = next_words(w0, w1, w2, w3);
            w1 = next_words(w1, w2, w3, w0);
            w2 = next_words(w2, w3, w0, w1);
            w3 = next_words(w3, w0, w1, w2);
        }
        low += low_before;
        high += high_before;
    }
    abcd = __builtin_shufflevector(low, high, 3, 2, 7, 6);
    efgh = __builtin_shufflevector(low, high, 1, 0, 5, 4);
    memcpy(state, &abcd, sizeof abcd);
    memcpy(state + 4, &efgh, sizeof efgh);
}

static void ask_processor(uint32_t leaf, uint32_t *b, uint32_t *c)
{
    uint32_t a = leaf, d;
    *c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(*b), "+c"(*c), "=d"(d));
}

/* CPUID leaf 1: ECX bit 9 is SSSE3, bit 19 SSE4.1. Leaf 7: EBX bit 29 is SHA. */
sha256_blocks sha256_blocks_of_processor(void)
{
    uint32_t last = 0, b, c;
    __asm__ volatile("cpuid" : "+a"(last), "=b"(b), "=c"(c) : : "edx");
    if (last < 7)
        return NULL;
    ask_processor(1, &b, &c);
    bool vectors = (c >> 9 & 1) != 0 && (c >> 19 & 1) != 0;
    ask_processor(7, &b, &c);
    return vectors && (b >> 29 & 1) != 0 ? compress : NULL;
}

#elif defined(__aarch64__)

#ifndef BAKEOFF_OWN_BIONIC_DECLARATIONS
#include <sys/auxv.h>
#endif

#define HARDWARE_SHA2 (1UL << 6)
#define HARDWARE_CAPABILITIES 16

static void four_rounds(words *abcd, words *efgh, words message, int first)
{
    words sum = message + load(sha256_round_constants + first), before = *abcd;
    __asm__(".arch_extension sha2\n\tsha256h %q0, %q1, %2.4s" : "+w"(*abcd) : "w"(*efgh), "w"(sum));
    __asm__(".arch_extension sha2\n\tsha256h2 %q0, %q1, %2.4s" : "+w"(*efgh) : "w"(before), "w"(sum));
}

/* The next four words of the schedule, from the sixteen before them. */
static words next_words(words w0, words w1, words w2, words w3)
{
    __asm__(".arch_extension sha2\n\tsha256su0 %0.4s, %1.4s" : "+w"(w0) : "w"(w1));
    __asm__(".arch_extension sha2\n\tsha256su1 %0.4s, %1.4s, %2.4s" : "+w"(w0) : "w"(w2), "w"(w3));
    return w0;
}

static words load_big_endian(const unsigned char *from)
{
    octets bytes = (octets)load(from);
    return (words)__builtin_shufflevector(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

static void compress(uint32_t state[8], const unsigned char *blocks, size_t count)
{
    words abcd = load(state), efgh = load(state + 4);
    for (; count > 0; count--, blocks += 64) {
        words w0 = load_big_endian(blocks), w1 = load_big_endian(blocks + 16);
        words w2 = load_big_endian(blocks + 32), w3 = load_big_endian(blocks + 48);
        words abcd_before = abcd, efgh_before = efgh;
        for (int t = 0;; t += 16) {
            four_rounds(&abcd, &efgh, w0, t);
            four_rounds(&abcd, &efgh, w1, t + 4);
            four_rounds(&abcd, &efgh, w2, t + 8);
            four_rounds(&abcd, &efgh, w3, t + 12);
            if (t == 48)
                break;
            w0 = next_words(w0, w1, w2, w3);
            w1 = next_words(w1, w2, w3, w0);
            w2 = next_words(w2, w3, w0, w1);
            w3 = next_words(w3, w0, w1, w2);
        }
        abcd += abcd_before;
        efgh += efgh_before;
    }
    memcpy(state, &abcd, sizeof abcd);
    memcpy(state + 4, &efgh, sizeof efgh);
}

sha256_blocks sha256_blocks_of_processor(void)
{
    return (getauxval(HARDWARE_CAPABILITIES) & HARDWARE_SHA2) != 0 ? compress : NULL;
}

#else

sha256_blocks sha256_blocks_of_processor(void)
{
    return NULL;
}

#endif
