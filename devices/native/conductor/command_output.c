#include "conductor/command_output.h"

#include "platform/child_process.h"
#include "platform/clock.h"
#include "platform/failure.h"
#include "conductor/meanwhile.h"
#include "conductor/stop.h"

#define STDERR_TAIL_BYTES 200
#define END_POLL_NS 2000000

struct command {
    pid_t pid;
    int output; /* −1 once it is closed */
    int errors;
    size_t max_bytes;
    int64_t deadline_ns;
    struct bytes *text;
    struct bytes tail; /* the last of its stderr */
};

static bool start(struct command *command, char *const argv[])
{
    int ends[2][2] = {{-1, -1}, {-1, -1}}, null = open("/dev/null", O_RDONLY | O_CLOEXEC), problem = 0;
    command->pid = -1;
    if (null < 0 || pipe2(ends[0], O_CLOEXEC) != 0 || pipe2(ends[1], O_CLOEXEC) != 0) {
        problem = errno;
    } else {
        const int descriptors[3] = {null, ends[0][1], ends[1][1]};
        command->pid = child_start(argv, descriptors);
        problem = errno;
    }
    const int theirs[3] = {null, ends[0][1], ends[1][1]};
    for (int k = 0; k < 3; k++)
        if (theirs[k] >= 0)
            close(theirs[k]);
    command->output = ends[0][0];
    command->errors = ends[1][0];
    errno = problem;
    return command->pid > 0;
}

/* Reads once what is there; closes at the end. */
static void take(struct command *command, int *fd)
{
    char chunk[4096];
    size_t room = sizeof chunk;
    if (fd == &command->output && command->max_bytes - command->text->length < room)
        room = command->max_bytes - command->text->length;
    ssize_t got = read(*fd, chunk, room);
    if (got < 0 && errno == EINTR)
        return;
    if (got <= 0) {
        close(*fd);
        *fd = -1;
    } else if (fd == &command->output) {
        bytes_add(command->text, chunk, (size_t)got);
    } else {
        bytes_add(&command->tail, chunk, (size_t)got);
        if (command->tail.length > STDERR_TAIL_BYTES) {
            size_t dropped = command->tail.length - STDERR_TAIL_BYTES;
            memmove(command->tail.data, command->tail.data + dropped, STDERR_TAIL_BYTES + 1);
            command->tail.length = STDERR_TAIL_BYTES;
        }
    }
}

enum ended { ENDED, ENOUGH, TOO_LATE, STOPPED };

/* Until it has ended, which is reaped with its status in `*status`, or is not to be waited for any longer. */
static enum ended listen(struct command *command, int *status)
{
    while (command->text->length < command->max_bytes) {
        int64_t left_ns = command->deadline_ns - clock_ns();
        if (stop_insisted())
            return STOPPED;
        if (command->output < 0 && child_wait(command->pid, 0, status)) {
            command->pid = -1;
            return ENDED;
        }
        if (left_ns <= 0)
            return TOO_LATE;
        /* A program may close its stdout long before it ends, which no descriptor tells. */
        if (command->output < 0 && left_ns > END_POLL_NS)
            left_ns = END_POLL_NS;
        struct pollfd files[2] = {{command->output, POLLIN, 0}, {command->errors, POLLIN, 0}};
        if (poll(files, 2, poll_timeout_ms(left_ns)) <= 0)
            continue;
        if (files[0].revents != 0)
            take(command, &command->output);
        if (files[1].revents != 0)
            take(command, &command->errors);
    }
    return ENOUGH;
}

static void say_end(const struct command *command, int status, char *error, size_t error_size)
{
    char how[40];
    struct bytes line = {0};
    if (WIFSIGNALED(status))
        signal_name(WTERMSIG(status), how, sizeof how);
    else
        snprintf(how, sizeof how, "exit %d", WEXITSTATUS(status));
    if (command->tail.length != 0)
        add_one_line(&line, command->tail.data, STDERR_TAIL_BYTES);
    snprintf(error, error_size, "%s%s%s", how, line.length != 0 ? ": " : "", line.length != 0 ? line.data : "");
    bytes_free(&line);
}

bool command_output(char *const argv[], size_t max_bytes, int64_t timeout_ns, struct bytes *text, char *error,
                    size_t error_size)
{
    struct command command = {.max_bytes = max_bytes, .deadline_ns = clock_ns() + timeout_ns, .text = text};
    int status = 0;
    if (!start(&command, argv)) {
        snprintf(error, error_size, "cannot start %.200s: %s", argv[0], strerror(errno));
    } else {
        pid_t group = command.pid;
        enum ended ended = listen(&command, &status);
        if (ended == ENDED)
            kill(-group, SIGKILL); /* what it left behind */
        else
            child_kill(group);
        if (ended == TOO_LATE)
            snprintf(error, error_size, "no end within %g s; the command was killed", (double)timeout_ns / 1e9);
        else if (ended == STOPPED)
            snprintf(error, error_size, "the run was stopped before the command ended");
        else if (ended == ENDED && status != 0)
            say_end(&command, status, error, error_size);
    }
    if (command.output >= 0)
        close(command.output);
    if (command.errors >= 0)
        close(command.errors);
    bytes_free(&command.tail);
    return error[0] == '\0';
}
