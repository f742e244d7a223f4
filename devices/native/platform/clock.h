/* One clock for everything: CLOCK_MONOTONIC, the same in every process of one boot. */
#ifndef BAKEOFF_CLOCK_H
#define BAKEOFF_CLOCK_H

#include "platform/platform.h"

static inline int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What CLOCK_BOOTTIME has and CLOCK_MONOTONIC lacks: the time that the machine slept. The clock that is behind is read
 * first, so it is never negative. False where there is no such clock, or where a time namespace set it back: there it
 * tells nothing. */
static inline bool suspended_ns(int64_t *slept_ns)
{
    struct timespec since_boot;
    int64_t awake_ns = clock_ns();
    if (clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0)
        return false;
    *slept_ns = (int64_t)since_boot.tv_sec * 1000000000 + since_boot.tv_nsec - awake_ns;
    return *slept_ns >= 0;
}

/* Since 1970, for meters with clocks of their own. */
static inline int64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* CPU time of this process, all of its threads. */
static inline int64_t cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* CPU time of this thread alone. */
static inline int64_t thread_cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* Sleeps all of it, whatever signals come. */
void sleep_ns(int64_t duration_ns);

/* Such as 2024-05-31T12:34:56Z. */
void utc_text(char text[32]);

#endif
