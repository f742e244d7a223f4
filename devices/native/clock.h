/* One clock for everything: CLOCK_MONOTONIC, the same in every process of one boot. */
#ifndef BAKEOFF_CLOCK_H
#define BAKEOFF_CLOCK_H

#include "platform.h"

static inline int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Sleeps all of it, whatever signals come. */
void sleep_ns(int64_t duration_ns);

/* Such as 2024-05-31T12:34:56Z. */
void utc_text(char text[32]);

#endif
