/* CLOCK_BOOTTIME of a machine that sleeps for seven seconds at the moment when the file SLEPT_FILE appears, or that is
 * BEHIND_S seconds behind, as in a time namespace. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    const char *slept = getenv("SLEPT_FILE");
    if (failed == 0 && clock == CLOCK_BOOTTIME && slept != NULL && access(slept, F_OK) == 0)
        now->tv_sec += 7;
    const char *behind = getenv("BEHIND_S");
    if (failed == 0 && clock == CLOCK_BOOTTIME && behind != NULL)
        now->tv_sec -= atoi(behind);
    return failed;
}
