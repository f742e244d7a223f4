#include "conductor/worker_process.h"

#include "platform/child_process.h"
#include "platform/clock.h"
#include "conductor/stop.h"

#define STDERR_TAIL_BYTES 4096
#define LOG_MAX_BYTES (1 << 20)
#define REPLY_MAX_BYTES ((size_t)512 << 20)
#define TAIL_LINES 8

/* stderr goes through a file without a name: a chatty runtime can neither block on it nor wake the conductor in the
 * middle of a block. */
static int open_log(const char *folder)
{
    struct bytes path = {0};
    bytes_format(&path, "%s/.worker-%d.log", folder, (int)getpid());
    int fd = open(path.data, O_RDWR | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(path.data);
    bytes_free(&path);
    return fd;
}

struct worker_process *worker_start(char *const argv[], const char *folder, int wakeup, int64_t timeout_ns,
                                    struct failure *failure)
{
    /* Down and up; closed in whatever else is started. */
    int ends[2][2] = {{-1, -1}, {-1, -1}};
    struct worker_process *worker = allocate(1, sizeof *worker);
    int problem = 0;
    worker->pid = -1;
    worker->wakeup = wakeup;
    worker->timeout_ns = timeout_ns;
    worker->log = open_log(folder);
    if (worker->log < 0)
        problem = errno;
    for (int k = 0; problem == 0 && k < 2; k++)
        if (pipe2(ends[k], O_CLOEXEC) != 0)
            problem = errno;
    if (problem == 0) {
        const int descriptors[3] = {ends[0][0], ends[1][1], worker->log};
        worker->pid = child_start(argv, descriptors);
        if (worker->pid < 0)
            problem = errno;
    }
    for (int k = 0; k < 2; k++) {
        int theirs = ends[k][k == 0 ? 0 : 1];
        if (theirs >= 0)
            close(theirs);
    }
    worker->requests = ends[0][1];
    worker->replies = ends[1][0];
    if (problem == 0)
        return worker;
    const char *error = worker->log < 0 ? OUTPUT_NOT_WRITTEN : problem == ENOENT ? "FileNotFoundError" : "OSError";
    worker_kill(worker);
    fail(failure, error, "cannot start %s: %s", argv[0], strerror(problem));
    return NULL;
}

/* Passes on to the runner's own stderr what the worker wrote since last time. */
static void drain_log(struct worker_process *worker)
{
    char chunk[4096];
    ssize_t got;
    while (worker->log >= 0 && (got = pread(worker->log, chunk, sizeof chunk, (off_t)worker->log_seen)) > 0) {
        worker->log_seen += got;
        bytes_add(&worker->log_tail, chunk, (size_t)got);
        if (worker->log_tail.length > 2 * STDERR_TAIL_BYTES) {
            size_t dropped = worker->log_tail.length - STDERR_TAIL_BYTES;
            memmove(worker->log_tail.data, worker->log_tail.data + dropped, STDERR_TAIL_BYTES);
            worker->log_tail.length = STDERR_TAIL_BYTES;
            worker->log_tail.data[STDERR_TAIL_BYTES] = '\0';
        }
        if (write(2, chunk, (size_t)got) < 0)
            continue; /* a closed log is no reason to end a measurement */
    }
    if (worker->log_seen > LOG_MAX_BYTES && ftruncate(worker->log, 0) == 0)
        worker->log_seen = 0;
}

/* One line of the message and the last lines of the worker's stderr, into `failure->message`. */
static void add_log_tail(struct worker_process *worker, struct failure *failure)
{
    struct bytes text = {0}, tail = {0}, message = {0};
    drain_log(worker);
    size_t from = worker->log_tail.length;
    for (int lines = 0; from > 0; from--)
        if (worker->log_tail.data[from - 1] == '\n' && from != worker->log_tail.length && ++lines == TAIL_LINES)
            break;
    for (size_t k = from; k < worker->log_tail.length; k++) {
        char byte = worker->log_tail.data[k];
        if (byte == '\n' && k + 1 < worker->log_tail.length)
            bytes_text(&text, " | ");
        else if (byte != '\0')
            bytes_add(&text, &byte, 1);
    }
    if (text.length != 0)
        add_one_line(&tail, text.data, MESSAGE_MAX_BYTES / 2);
    add_one_line(&message, failure->message, MESSAGE_MAX_BYTES - tail.length - 11);
    if (tail.length != 0)
        bytes_format(&message, " | stderr: %s", tail.data);
    snprintf(failure->message, sizeof failure->message, "%s", message.data);
    bytes_free(&text);
    bytes_free(&tail);
    bytes_free(&message);
}

static void close_pipes(struct worker_process *worker)
{
    if (worker->requests >= 0)
        close(worker->requests);
    if (worker->replies >= 0)
        close(worker->replies);
    worker->requests = worker->replies = -1;
}

static void forget(struct worker_process *worker)
{
    close_pipes(worker);
    drain_log(worker);
    if (worker->log >= 0)
        close(worker->log);
    bytes_free(&worker->log_tail);
    bytes_free(&worker->received);
    bytes_free(&worker->reply_text);
    json_release(&worker->reply);
    free(worker);
}

static void end_now(struct worker_process *worker)
{
    if (worker->pid > 0)
        child_kill(worker->pid);
    worker->pid = -1;
}

static bool wait_for_end(struct worker_process *worker, int64_t limit_ns, int *status)
{
    if (!child_wait(worker->pid, limit_ns, status))
        return false;
    worker->pid = -1;
    return true;
}

void worker_kill(struct worker_process *worker)
{
    end_now(worker);
    forget(worker);
}

void worker_close(struct worker_process *worker, int64_t limit_ns)
{
    int status;
    close_pipes(worker);
    if (worker->pid > 0 && !wait_for_end(worker, limit_ns, &status))
        end_now(worker);
    forget(worker);
}

/* The worker closed its pipe: says how it ended, and forgets it. */
static void tell_end(struct worker_process *worker, struct failure *failure)
{
    int status = 0;
    char error[64];
    if (!wait_for_end(worker, CLOSE_TIMEOUT_NS, &status)) {
        fail(failure, "exit", "the worker closed its pipe without ending");
    } else if (WIFSIGNALED(status)) {
        signal_name(WTERMSIG(status), error, sizeof error);
        fail(failure, error, "the worker was ended by a signal%s",
             WTERMSIG(status) == SIGKILL ? " (the kernel does this where memory runs out)" : "");
    } else {
        snprintf(error, sizeof error, "exit %d", WEXITSTATUS(status));
        fail(failure, error, "the worker ended without an answer%s",
             WEXITSTATUS(status) == EXIT_NO_MEMORY ? ": there was no memory for what it was asked" : "");
    }
    add_log_tail(worker, failure);
    worker_kill(worker);
}

/* Takes whole lines off what was received until one is an answer. */
static const struct json_value *take_answer(struct worker_process *worker)
{
    char *newline;
    while (worker->received.length != 0
           && (newline = memchr(worker->received.data, '\n', worker->received.length)) != NULL) {
        size_t length = (size_t)(newline - worker->received.data), left = worker->received.length - length - 1;
        bytes_clear(&worker->reply_text);
        bytes_add(&worker->reply_text, worker->received.data, length);
        memmove(worker->received.data, newline + 1, left);
        worker->received.length = left;
        json_release(&worker->reply);
        const struct json_value *answer = json_parse(&worker->reply, worker->reply_text.data, length);
        if (answer != NULL && answer->kind == JSON_OBJECT)
            return answer;
        /* A wrapper in front of the worker may greet on stdout before the worker has it for itself. */
        struct bytes line = {0};
        add_one_line(&line, worker->reply_text.data, 300);
        say("not an answer from worker %d: %s", (int)worker->pid, line.data != NULL ? line.data : "");
        bytes_free(&line);
    }
    return NULL;
}

enum received { RECEIVED_ANSWER, RECEIVED_END, RECEIVED_NOTHING, RECEIVED_STOP };

static enum received receive(struct worker_process *worker, struct meanwhile *meanwhile, int64_t timeout_ns,
                             const struct json_value **answer)
{
    int64_t deadline_ns = clock_ns() + timeout_ns;
    while ((*answer = take_answer(worker)) == NULL) {
        if (stop_insisted())
            return RECEIVED_STOP;
        int64_t left_ns = deadline_ns - clock_ns(), due_ns = meanwhile_left_ns(meanwhile);
        struct pollfd files[2] = {{worker->replies, POLLIN, 0}, {worker->wakeup, POLLIN, 0}};
        int ready = poll(files, 2, poll_timeout_ms(left_ns < due_ns ? left_ns : due_ns));
        if (ready < 0 || files[1].revents != 0)
            continue; /* a signal */
        if (ready == 0) {
            meanwhile_act_if_due(meanwhile);
            if (left_ns <= 0)
                return RECEIVED_NOTHING;
            continue;
        }
        char chunk[16384];
        ssize_t got = read(worker->replies, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || worker->received.length > REPLY_MAX_BYTES)
            return RECEIVED_END;
        bytes_add(&worker->received, chunk, (size_t)got);
    }
    return RECEIVED_ANSWER;
}

enum asked worker_exchange(struct worker_process *worker, struct json_writer *request, const char *name,
                           int64_t waits_ns, struct meanwhile *meanwhile, const struct json_value **answer,
                           struct failure *failure)
{
    enum received received = json_write_line(worker->requests, request)
                                 ? receive(worker, meanwhile, waits_ns, answer)
                                 : RECEIVED_END;
    switch (received) {
    case RECEIVED_STOP: return ASKED_STOPPED;
    case RECEIVED_END: tell_end(worker, failure); return ASKED_FAILED;
    case RECEIVED_NOTHING:
        end_now(worker);
        fail(failure, "timeout", "no answer to '%s' for %g s; the worker was killed", name, (double)waits_ns / 1e9);
        add_log_tail(worker, failure);
        worker_kill(worker);
        return ASKED_FAILED;
    case RECEIVED_ANSWER: break;
    }
    drain_log(worker);
    return ASKED_ANSWERED;
}

enum asked worker_ask(struct worker_process *worker, struct json_writer *request, const char *name,
                      const struct lasting *lasting, const struct json_value **answer, struct failure *failure)
{
    enum asked asked = worker_exchange(worker, request, name, worker->timeout_ns + lasting->lasts_ns,
                                       lasting->meanwhile, answer, failure);
    if (asked != ASKED_ANSWERED)
        return asked;
    const char *error = json_get_string(*answer, "error"), *message = json_get_string(*answer, "message");
    if (error == NULL)
        return ASKED_ANSWERED;
    fail(failure, error, "%s", message != NULL ? message : "");
    add_log_tail(worker, failure);
    worker_close(worker, CLOSE_TIMEOUT_NS);
    return ASKED_FAILED;
}
