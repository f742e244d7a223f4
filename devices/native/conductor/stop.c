#include "conductor/stop.h"

static char *file, *pass_files[PASSES];
static volatile sig_atomic_t signals;
static int pipe_ends[2] = {-1, -1};

static void on_signal(int number)
{
    (void)number;
    int kept = errno;
    if (signals < 2)
        signals++;
    if (write(pipe_ends[1], "", 1) < 0)
        signals = signals + 0; /* a full pipe wakes just as well */
    errno = kept;
}

static char *path_of(const char *folder, const char *name, const char *of)
{
    struct bytes path = {0};
    bytes_format(&path, "%s%s%s", folder, name, of);
    return path.data;
}

int stop_listen(const char *folder)
{
    file = path_of(folder, "stop", "");
    pass_files[PASS_LATENCY] = path_of(folder, "stop-", pass_name(PASS_LATENCY));
    pass_files[PASS_ENERGY] = path_of(folder, "stop-", pass_name(PASS_ENERGY));
    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return -1;
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    return pipe_ends[0];
}

bool stop_asked(void)
{
    return signals != 0 || access(file, F_OK) == 0;
}

bool stop_asked_of(enum pass pass)
{
    return pass < PASSES && pass_files[pass] != NULL && access(pass_files[pass], F_OK) == 0;
}

bool stop_insisted(void)
{
    char dropped[64];
    while (read(pipe_ends[0], dropped, sizeof dropped) > 0) {
    }
    return signals > 1;
}
