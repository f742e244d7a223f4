/* A kernel that counts a quarter of the CPU time that was used, as if other programs had had the rest of the core. */
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000, SLOWER = 4 };

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (failed == 0 && (clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_PROCESS_CPUTIME_ID)) {
        int64_t used_ns = ((int64_t)now->tv_sec * NS_PER_S + now->tv_nsec) / SLOWER;
        now->tv_sec = used_ns / NS_PER_S;
        now->tv_nsec = used_ns % NS_PER_S;
    }
    return failed;
}
