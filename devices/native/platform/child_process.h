/* Starting and ending another program: workers, and commands that are probes. */
#ifndef BAKEOFF_CHILD_PROCESS_H
#define BAKEOFF_CHILD_PROCESS_H

#include "platform/platform.h"

#define CLOSE_TIMEOUT_NS INT64_C(5000000000)

/* Starts a program in a session, and so a process group, of its own, with these three descriptors as its stdin, stdout
 * and stderr; it is killed when the caller dies. Its process id, or −1 with errno set where it cannot be started. */
pid_t child_start(char *const argv[], const int descriptors[3]);

/* Whether it ended in time; if so it is reaped and its status is in `*status`. */
bool child_wait(pid_t pid, int64_t limit_ns, int *status);

/* Kills it and whatever it started, and reaps it; its status is returned. */
int child_kill(pid_t pid);

/* Such as `signal 11 (SIGSEGV)`. */
void signal_name(int number, char *text, size_t size);

#endif
