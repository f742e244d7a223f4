/* What 32-bit ARM code calls for operations that it has no instructions for (Run-time ABI for the Arm Architecture),
 * without the compiler's own library of them, which is three times as large as all of the runner. */
#include "platform/platform.h"

uint64_t bakeoff_divide(uint64_t dividend, uint64_t divisor, uint64_t *remainder);
int64_t bakeoff_divide_signed(int64_t dividend, int64_t divisor, int64_t *remainder);
void __aeabi_uldivmod(void);
void __aeabi_ldivmod(void);
double __aeabi_l2d(int64_t value);
double __aeabi_ul2d(uint64_t value);
int64_t __aeabi_d2lz(double value);

/* One bit of the quotient at a time; dividing by 0 gives 0, as the ABI lets it. */
__attribute__((used)) uint64_t bakeoff_divide(uint64_t dividend, uint64_t divisor, uint64_t *remainder)
{
    uint64_t quotient = 0, left = 0;
    for (int bit = 63; divisor != 0 && bit >= 0; bit--) {
        bool carry = left >> 63 != 0;
        left = left << 1 | (dividend >> bit & 1);
        if (carry || left >= divisor) {
            left -= divisor;
            quotient |= UINT64_C(1) << bit;
        }
    }
    *remainder = left;
    return quotient;
}

__attribute__((used)) int64_t bakeoff_divide_signed(int64_t dividend, int64_t divisor, int64_t *remainder)
{
    uint64_t left, above = dividend < 0 ? 0 - (uint64_t)dividend : (uint64_t)dividend;
    uint64_t below = divisor < 0 ? 0 - (uint64_t)divisor : (uint64_t)divisor;
    uint64_t quotient = bakeoff_divide(above, below, &left);
    *remainder = (int64_t)(dividend < 0 ? 0 - left : left);
    return (int64_t)((dividend < 0) != (divisor < 0) ? 0 - quotient : quotient);
}

/* The quotient is returned in r0 and r1, the remainder in r2 and r3, which C has no words for. */
__attribute__((naked)) void __aeabi_uldivmod(void)
{
    __asm__("push {r4, lr}\n\tsub sp, sp, #16\n\tadd r4, sp, #8\n\tstr r4, [sp]\n\tbl bakeoff_divide\n\t"
            "ldr r2, [sp, #8]\n\tldr r3, [sp, #12]\n\tadd sp, sp, #16\n\tpop {r4, pc}");
}

__attribute__((naked)) void __aeabi_ldivmod(void)
{
    __asm__("push {r4, lr}\n\tsub sp, sp, #16\n\tadd r4, sp, #8\n\tstr r4, [sp]\n\tbl bakeoff_divide_signed\n\t"
            "ldr r2, [sp, #8]\n\tldr r3, [sp, #12]\n\tadd sp, sp, #16\n\tpop {r4, pc}");
}

/* Both halves are exact, so that only their sum is rounded. */
double __aeabi_l2d(int64_t value)
{
    return (double)(int32_t)(value >> 32) * 4294967296.0 + (double)(uint32_t)value;
}

double __aeabi_ul2d(uint64_t value)
{
    return (double)(uint32_t)(value >> 32) * 4294967296.0 + (double)(uint32_t)value;
}

int64_t __aeabi_d2lz(double value)
{
    double magnitude = value < 0 ? -value : value;
    uint32_t high = (uint32_t)(magnitude / 4294967296.0);
    uint32_t low = (uint32_t)(magnitude - (double)high * 4294967296.0);
    uint64_t whole = (uint64_t)high << 32 | low;
    return (int64_t)(value < 0 ? 0 - whole : whole);
}

/* Compiled without builtins, or these would be turned into calls of themselves. */
#define COPY(name, of)                                                                                                 \
    void name(void *to, const void *from, size_t count);                                                               \
    void name(void *to, const void *from, size_t count)                                                                \
    {                                                                                                                  \
        of(to, from, count);                                                                                           \
    }
#define CLEAR(name)                                                                                                    \
    void name(void *at, size_t count);                                                                                 \
    void name(void *at, size_t count)                                                                                  \
    {                                                                                                                  \
        memset(at, 0, count);                                                                                          \
    }
#define SET(name)                                                                                                      \
    void name(void *at, size_t count, int value);                                                                      \
    void name(void *at, size_t count, int value)                                                                       \
    {                                                                                                                  \
        memset(at, value, count);                                                                                      \
    }
COPY(__aeabi_memcpy, memcpy)
COPY(__aeabi_memcpy4, memcpy)
COPY(__aeabi_memcpy8, memcpy)
COPY(__aeabi_memmove, memmove)
COPY(__aeabi_memmove4, memmove)
COPY(__aeabi_memmove8, memmove)
CLEAR(__aeabi_memclr)
CLEAR(__aeabi_memclr4)
CLEAR(__aeabi_memclr8)
SET(__aeabi_memset)
SET(__aeabi_memset4)
SET(__aeabi_memset8)
