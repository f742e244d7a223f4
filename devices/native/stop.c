#include "stop.h"

static const char *file;
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

int stop_listen(const char *stop_file)
{
    file = stop_file;
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

bool stop_insisted(void)
{
    char dropped[64];
    while (read(pipe_ends[0], dropped, sizeof dropped) > 0) {
    }
    return signals > 1;
}
