#include "platform/child_process.h"

#include "platform/clock.h"

/* In the child: never returns. What goes wrong before the program runs goes back as an errno on `report`. */
static _Noreturn void become(char *const argv[], const int descriptors[3], int report)
{
    /* A session of its own: a signal to the runner's process group must not look like a crash of an arm. */
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (dup2(descriptors[0], 0) >= 0 && dup2(descriptors[1], 1) >= 0 && dup2(descriptors[2], 2) >= 0)
        execvp(argv[0], argv);
    int problem = errno;
    if (write(report, &problem, sizeof problem) < 0)
        _exit(126);
    _exit(127);
}

pid_t child_start(char *const argv[], const int descriptors[3])
{
    int report[2], problem = 0, status;
    if (pipe2(report, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        become(argv, descriptors, report[1]);
    if (pid < 0)
        problem = errno;
    close(report[1]);
    ssize_t got;
    while (pid > 0 && (got = read(report[0], &problem, sizeof problem)) != (ssize_t)sizeof problem)
        if (got >= 0 || errno != EINTR) {
            problem = 0;
            break;
        }
    close(report[0]);
    if (problem == 0)
        return pid;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    errno = problem;
    return -1;
}

bool child_wait(pid_t pid, int64_t limit_ns, int *status)
{
    int64_t deadline_ns = clock_ns() + limit_ns, pause_ns = 200000;
    for (;;) {
        pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid || (ended < 0 && errno == ECHILD))
            return true;
        if (clock_ns() > deadline_ns)
            return false;
        sleep_ns(pause_ns);
        pause_ns = pause_ns < 20000000 ? pause_ns * 2 : pause_ns;
    }
}

int child_kill(pid_t pid)
{
    int status = 0;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

void signal_name(int number, char *text, size_t size)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGHUP, "SIGHUP"},   {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"}, {SIGILL, "SIGILL"},
                 {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
                 {SIGKILL, "SIGKILL"}, {SIGSEGV, "SIGSEGV"}, {SIGPIPE, "SIGPIPE"}, {SIGTERM, "SIGTERM"},
                 {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"}, {SIGSYS, "SIGSYS"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (names[k].number == number) {
            snprintf(text, size, "signal %d (%s)", number, names[k].name);
            return;
        }
    }
    snprintf(text, size, "signal %d", number);
}
