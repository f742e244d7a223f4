#include "worker/worker.h"

#include "worker/affinity.h"
#include "platform/clock.h"
#include "worker/inferences.h"
#include "worker/memory.h"
#include "worker/npy.h"
#include "worker/output_file.h"
#include "runtimes/runtime.h"

#define REQUEST_MAX_BYTES ((size_t)16 << 20)

struct worker {
    struct runtime *runtime;
    bool loaded;
    bool bound;
    char *name;
    struct accelerator accelerator;
    struct affinity affinity;
    int threads;
};

/* Each request is a function of its name: it writes the members of its answer, or fails. */
typedef bool (*answer)(struct worker *, const struct json_value *request, struct json_writer *, struct failure *);

static bool answer_start(struct worker *worker, const struct json_value *request, struct json_writer *writer,
                         struct failure *failure)
{
    (void)writer;
    const char *name = json_get_string(request, "runtime");
    const char *version = json_get_string(request, "runtime_version");
    int64_t threads = 0;
    if (name == NULL || version == NULL || !json_get_integer(request, "threads", 1, 4096, &threads))
        return fail(failure, "ValueError", "a request to start lacks its runtime, version or threads");
    if (!accelerator_read(request, &worker->accelerator, failure)
        || !affinity_set(&worker->affinity, json_get(request, "cores"), failure))
        return false;
    struct runtime_request wanted = {json_get_string(request, "library"), version, &worker->accelerator, (int)threads};
    worker->name = copy_text(name);
    worker->threads = (int)threads;
    worker->runtime = runtime_open(name, &wanted, failure);
    return worker->runtime != NULL;
}

static bool answer_load(struct worker *worker, const struct json_value *request, struct json_writer *writer,
                        struct failure *failure)
{
    struct runtime *runtime = worker->runtime;
    const char *model = json_get_string(request, "model");
    if (runtime == NULL || model == NULL || worker->loaded)
        return fail(failure, "ValueError", "a request to load comes too early, twice or without a model");
    int64_t begun_ns = clock_ns();
    if (!runtime->load(runtime, model, json_get(request, "input_shapes"), failure))
        return false;
    int64_t load_ns = clock_ns() - begun_ns;
    worker->loaded = true;
    json_name(writer, "loaded");
    json_open(writer, '{');
    json_integer_member(writer, "pid", getpid());
    json_string_member(writer, "runtime", worker->name);
    json_string_member(writer, "runtime_version", runtime->version);
    json_string_member(writer, "interpreter", NULL);
    json_integer_member(writer, "load_ns", load_ns);
    tensor_infos_write(writer, runtime, false);
    tensor_infos_write(writer, runtime, true);
    json_integer_member(writer, "threads", worker->threads);
    json_string_member(writer, "accelerator", worker->accelerator.name);
    json_size_member(writer, "delegated_nodes", runtime->delegated_nodes);
    json_size_member(writer, "total_nodes", runtime->total_nodes);
    json_name(writer, "wholly_delegated");
    if (runtime->wholly_delegated < 0)
        json_null(writer);
    else
        json_bool(writer, runtime->wholly_delegated != 0);
    affinity_write(writer, &worker->affinity);
    if (worker->affinity.problem[0] != '\0')
        json_string_member(&runtime->settings, "affinity", worker->affinity.problem);
    json_name(writer, "settings");
    json_open(writer, '{');
    if (runtime->settings.out.length != 0)
        bytes_add(&writer->out, runtime->settings.out.data, runtime->settings.out.length);
    json_close(writer, '}');
    json_close(writer, '}');
    return true;
}

/* Whether an array is what an input takes, as far as the model's own description says. */
static bool check_input(const struct tensor_info *info, const struct tensor *tensor, bool sizes_are_final,
                        struct failure *failure)
{
    bool right = tensor->rank == info->rank, right_dtype = tensor->dtype == info->dtype;
    for (size_t d = 0; sizes_are_final && right && d < info->rank; d++)
        right = info->shape[d].size < 0 || info->shape[d].size == tensor->shape[d];
    if (right && right_dtype)
        return true;
    struct bytes takes = {0}, has = {0};
    add_takes(&takes, info);
    add_shape(&has, tensor->rank, tensor->shape);
    fail(failure, "ValueError", "input %s, the item has %s %s", takes.data,
         right_dtype ? "shape" : dtype_name(tensor->dtype), has.data);
    bytes_free(&takes);
    bytes_free(&has);
    return false;
}

static bool answer_bind(struct worker *worker, const struct json_value *request, struct json_writer *writer,
                        struct failure *failure)
{
    (void)writer;
    struct runtime *runtime = worker->runtime;
    const struct json_value *files = json_get(request, "files");
    if (!worker->loaded || files == NULL || files->kind != JSON_ARRAY)
        return fail(failure, "ValueError", "a request to bind comes too early or without files");
    if (files->count != runtime->input_count)
        return fail(failure, "ValueError", "the model takes %d inputs, the item has %d", (int)runtime->input_count,
                    (int)files->count);
    struct tensor *inputs = allocate(runtime->input_count, sizeof *inputs);
    bool good = true;
    size_t k = 0;
    for (const struct json_value *file = files->as.first; good && file != NULL; file = file->next, k++) {
        good = (file->kind == JSON_STRING || fail(failure, "ValueError", "an input's file is no text"))
               && npy_read(file->as.string, &inputs[k], failure)
               /* A runtime that reports free sizes as −1 may have resized; it checks the others itself. */
               && check_input(&runtime->inputs[k], &inputs[k], runtime->null_is_free, failure);
    }
    worker->bound = false;
    if (good)
        worker->bound = good = runtime->bind(runtime, inputs, failure);
    else
        for (k = 0; k < runtime->input_count; k++)
            free(inputs[k].data);
    free(inputs);
    return good;
}

/* Timed inferences of one kind or another, once inputs are bound. */
static bool answer_inferences(struct worker *worker, const struct json_value *request, struct json_writer *writer,
                              struct failure *failure)
{
    const char *name = json_get_string(request, "do");
    if (!worker->bound)
        return fail(failure, "ValueError", "a request for '%s' comes before its inputs", name);
    if (strcmp(name, "block") == 0)
        return inferences_block(worker->runtime, request, writer, failure);
    if (strcmp(name, "infer_for") == 0)
        return inferences_for_a_time(worker->runtime, request, writer, failure);
    return inferences_of_soak(worker->runtime, request, writer, failure);
}

/* Runs once and keeps every output. */
static bool answer_keep(struct worker *worker, const struct json_value *request, struct json_writer *writer,
                        struct failure *failure)
{
    struct runtime *runtime = worker->runtime;
    const char *folder = json_get_string(request, "folder"), *arm = json_get_string(request, "arm");
    const char *item = json_get_string(request, "item");
    if (!worker->bound || folder == NULL || arm == NULL || item == NULL)
        return fail(failure, "ValueError", "a request to keep outputs comes too early or without its names");
    int64_t begun_ns = clock_ns();
    bool good = runtime->infer(runtime);
    int64_t latency_ns = clock_ns() - begun_ns;
    if (!good)
        runtime->infer_failed(runtime, failure);
    json_name(writer, "outputs");
    json_open(writer, '[');
    for (size_t k = 0; good && k < runtime->output_count; k++) {
        struct tensor tensor;
        good = runtime->fetch(runtime, k, &tensor, failure)
               && output_file_keep(writer, folder, arm, item, k, runtime->outputs[k].name, &tensor, failure);
    }
    json_close(writer, ']');
    json_integer_member(writer, "latency_ns", latency_ns);
    runtime->release(runtime);
    return good;
}

static bool answer_memory(struct worker *worker, const struct json_value *request, struct json_writer *writer,
                          struct failure *failure)
{
    (void)worker, (void)request, (void)failure;
    memory_write(writer);
    return true;
}

static bool answer_reset_peak(struct worker *worker, const struct json_value *request, struct json_writer *writer,
                              struct failure *failure)
{
    (void)worker, (void)request, (void)failure;
    memory_reset_peak(writer);
    return true;
}

static bool answer_request(struct worker *worker, const struct json_value *request, struct json_writer *writer,
                           struct failure *failure)
{
    static const struct {
        const char *name;
        answer answer;
    } answers[] = {{"start", answer_start},          {"load", answer_load},
                   {"bind", answer_bind},            {"block", answer_inferences},
                   {"infer_for", answer_inferences}, {"soak", answer_inferences},
                   {"keep", answer_keep},            {"memory", answer_memory},
                   {"reset_peak", answer_reset_peak}};
    const char *name = json_get_string(request, "do");
    for (size_t k = 0; name != NULL && k < sizeof answers / sizeof *answers; k++)
        if (strcmp(answers[k].name, name) == 0)
            return answers[k].answer(worker, request, writer, failure);
    return fail(failure, "ValueError", "not a request that this worker knows");
}

/* `stage`: how far it came, as records have it; NULL where the request says that. */
static void write_failure(struct json_writer *writer, const struct failure *failure, const char *stage)
{
    struct bytes message = {0};
    bytes_clear(&writer->out);
    writer->comma = false;
    add_one_line(&message, failure->message, MESSAGE_MAX_BYTES);
    json_open(writer, '{');
    json_string_member(writer, "error", failure->error);
    json_string_member(writer, "message", message.data != NULL ? message.data : "");
    if (stage != NULL)
        json_string_member(writer, "stage", stage);
    json_close(writer, '}');
    bytes_free(&message);
}

/* A private copy of stdout; whatever else is printed to stdout from here on goes to stderr. */
static int private_stdout(void)
{
    int fd = fcntl(1, F_DUPFD_CLOEXEC, 3);
    dup2(2, 1);
    return fd;
}

/* Answers one line; false when the conductor is gone. */
static bool answer_line(struct worker *worker, char *line, size_t length, int replies)
{
    struct json_document document = {0};
    struct json_writer writer = {0};
    struct failure failure = {"", ""};
    const struct json_value *request = json_parse(&document, line, length);
    json_open(&writer, '{');
    bool good = request != NULL ? answer_request(worker, request, &writer, &failure)
                                : fail(&failure, "ValueError", "not a request: %s", document.problem);
    json_close(&writer, '}');
    if (!good)
        write_failure(&writer, &failure, NULL);
    json_release(&document);
    bool sent = json_write_line(replies, &writer);
    bytes_free(&writer.out);
    return sent;
}

int work(void)
{
    /* So that a hung inference does not outlive the conductor; the end of stdin ends the worker otherwise. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    /* Only the conductor ends a worker: signals to everyone in a service or at a terminal are for the conductor. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    int replies = private_stdout(), requests = fcntl(0, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) {
        dup2(null, 0);
        close(null);
    }
    struct worker worker = {0};
    struct bytes pending = {0};
    for (;;) {
        char chunk[4096];
        ssize_t got = read(requests, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || pending.length > REQUEST_MAX_BYTES)
            break;
        bytes_add(&pending, chunk, (size_t)got);
        /* One request is under way at a time, so what follows a line's end is nothing. */
        if (pending.data[pending.length - 1] != '\n')
            continue;
        if (!answer_line(&worker, pending.data, pending.length - 1, replies))
            break;
        bytes_clear(&pending);
    }
    /* Not exit: destructors of runtimes have been seen to crash there, after all is measured. */
    _exit(0);
}

int describe_model(const char *model, const char *runtime_name, const char *library,
                   const struct accelerator *accelerator, int threads)
{
    int fd = private_stdout();
    struct runtime_request request = {library, "", accelerator, threads};
    struct json_writer writer = {0};
    struct failure failure = {"", ""};
    struct runtime *runtime = runtime_open(runtime_name, &request, &failure);
    bool good = runtime != NULL && runtime->load(runtime, model, NULL, &failure);
    if (good) {
        json_open(&writer, '{');
        json_string_member(&writer, "runtime", runtime_name);
        json_string_member(&writer, "runtime_version", runtime->version);
        tensor_infos_write(&writer, runtime, false);
        tensor_infos_write(&writer, runtime, true);
        json_close(&writer, '}');
    } else {
        write_failure(&writer, &failure, runtime == NULL ? "start" : "load");
    }
    json_write_line(fd, &writer);
    _exit(good ? 0 : 1);
}
