#include "conductor/probes.h"

#include "platform/clock.h"
#include "conductor/command_output.h"
#include "platform/failure.h"

/* A file is opened anew each time: one that is replaced is read as it is now. */
static void read_file(struct probe_look *look, const struct probe *probe)
{
    /* What is no plain file (a pipe, a device) must not be waited for. */
    int fd = open(probe->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int problem = fd < 0 ? errno : 0;
    while (problem == 0 && (int64_t)look->text.length < probe->max_bytes) {
        char chunk[4096];
        size_t wanted = (size_t)probe->max_bytes - look->text.length;
        ssize_t got = read(fd, chunk, wanted < sizeof chunk ? wanted : sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            problem = errno;
        if (got <= 0)
            break;
        bytes_add(&look->text, chunk, (size_t)got);
    }
    if (fd >= 0)
        close(fd);
    if (problem != 0)
        snprintf(look->error, sizeof look->error, "%.200s: %s", probe->path, strerror(problem));
}

static void read_command(struct probe_look *look, const struct probe *probe, pid_t worker)
{
    char **argv = allocate(probe->argv->count + 1, sizeof *argv), pid[24];
    size_t used = 0;
    snprintf(pid, sizeof pid, "%d", (int)worker);
    for (const struct json_value *word = probe->argv->as.first; word != NULL; word = word->next) {
        bool is_pid = strcmp(word->as.string, "{pid}") == 0;
        if (is_pid && worker <= 0)
            snprintf(look->error, sizeof look->error, "no worker is at work whose process id could stand for {pid}");
        argv[used++] = is_pid ? pid : (char *)(uintptr_t)word->as.string;
    }
    if (look->error[0] == '\0')
        command_output(argv, (size_t)probe->max_bytes, probe->timeout_ns, &look->text, look->error,
                       sizeof look->error);
    free(argv);
}

void probe_look(struct probe_look *look, const struct probe *probe, pid_t worker)
{
    *look = (struct probe_look){.begun_ns = clock_ns()};
    if (probe->path != NULL)
        read_file(look, probe);
    else
        read_command(look, probe, worker);
    bytes_add(&look->text, "", 0); /* an empty text has a buffer too */
    look->took_ns = clock_ns() - look->begun_ns;
}

void probe_look_free(struct probe_look *look)
{
    bytes_free(&look->text);
}

static void write_reading(struct json_writer *readings, const struct probe *probe, struct probe_look *look)
{
    if (look->error[0] == '\0' && readings->out.length + look->text.length > READINGS_MAX_BYTES)
        snprintf(look->error, sizeof look->error, "the readings of one record take up to %d bytes",
                 (int)READINGS_MAX_BYTES);
    json_open(readings, '{');
    json_string_member(readings, "probe", probe->id);
    json_integer_member(readings, "monotonic_ns", look->begun_ns);
    json_integer_member(readings, "took_ns", look->took_ns);
    json_name(readings, "text");
    if (look->error[0] == '\0')
        json_text(readings, look->text.data, look->text.length);
    else
        json_null(readings);
    json_string_member(readings, "error", look->error[0] != '\0' ? look->error : NULL);
    json_close(readings, '}');
}

void readings_add(struct json_writer *readings, const struct plan *plan, const struct probe_list *probes, pid_t worker)
{
    for (int k = 0; k < probes->count; k++) {
        struct probe_look look;
        const struct probe *probe = &plan->probes[probes->probes[k]];
        probe_look(&look, probe, worker);
        write_reading(readings, probe, &look);
        probe_look_free(&look);
    }
}
