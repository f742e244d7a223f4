#include "conductor/arms.h"

#include "platform/clock.h"

/* Puts the failure of an arm on record. It is final for this plan: a model that crashes would crash again. Where it was
 * the disk that failed, this session ends, and another one does the step again. */
static enum flow failed(struct arms *arms, const struct arm_step *arm_step, const char *stage, const struct failure *failure)
{
    const char *id = arms->plan->arms[arm_step->arm].id;
    arms->workers[arm_step->arm] = NULL;
    arms->bound_items[arm_step->arm] = -1;
    if (strcmp(failure->error, OUTPUT_NOT_WRITTEN) == 0) {
        say("cannot write beside %s: %s", arms->journal->path, failure->message);
        return FLOW_UNWRITABLE;
    }
    say("arm %s failed at %s: %s: %s", id, stage, failure->error, failure->message);
    struct json_writer *record = journal_begin(arms->journal, "arm_failed");
    json_string_member(record, "arm", id);
    json_integer_member(record, "step", arm_step->step);
    json_string_member(record, "stage", stage);
    json_string_member(record, "error", failure->error);
    json_string_member(record, "message", failure->message);
    progress_arm_failed(arms->progress, arm_step->arm, failure->error, failure->message);
    return journal_end(arms->journal) ? FLOW_ARM_FAILED : FLOW_UNWRITABLE;
}

static void begin_request(struct json_writer *request, const char *name)
{
    json_open(request, '{');
    json_string_member(request, "do", name);
}

/* Sends a request whose members are written, and frees it. */
static enum flow ask_lasting(struct arms *arms, const struct arm_step *arm_step, const char *stage, struct json_writer *request,
                             const char *name, const struct lasting *lasting, const struct json_value **answer)
{
    struct failure failure = {"", ""};
    json_close(request, '}');
    enum asked asked = worker_ask(arms->workers[arm_step->arm], request, name, lasting, answer, &failure);
    bytes_free(&request->out);
    if (asked == ASKED_FAILED)
        return failed(arms, arm_step, stage, &failure);
    return asked == ASKED_STOPPED ? FLOW_STOPPED : FLOW_DONE;
}

static enum flow ask(struct arms *arms, const struct arm_step *arm_step, const char *stage, struct json_writer *request,
                     const char *name, const struct json_value **answer)
{
    static const struct lasting shortly = {0, NULL};
    return ask_lasting(arms, arm_step, stage, request, name, &shortly, answer);
}

enum flow arms_ask(struct arms *arms, const struct arm_step *arm_step, const char *name, const struct json_value **answer)
{
    struct json_writer request = {0};
    begin_request(&request, name);
    return ask(arms, arm_step, arm_step->stage, &request, name, answer);
}

enum flow arms_ask_block(struct arms *arms, const struct arm_step *arm_step, int64_t lead_in, int64_t count,
                         const struct warm_up_block *warm_up, const struct json_value **answer)
{
    struct json_writer request = {0};
    begin_request(&request, "block");
    json_integer_member(&request, "lead_in", lead_in);
    json_integer_member(&request, "count", count);
    if (warm_up != NULL) {
        json_integer_member(&request, "budget_ns", warm_up->budget_ns);
        json_integer_member(&request, "least", warm_up->least);
    }
    return ask(arms, arm_step, arm_step->stage, &request, "block", answer);
}

enum flow arms_ask_for_a_time(struct arms *arms, const struct arm_step *arm_step, const char *name, const char *member,
                              int64_t duration_ns, int64_t slices, struct meanwhile *meanwhile,
                              const struct json_value **answer)
{
    struct json_writer request = {0};
    const struct lasting lasting = {duration_ns, meanwhile};
    begin_request(&request, name);
    json_integer_member(&request, member, duration_ns);
    if (slices != 0)
        json_integer_member(&request, "slices", slices);
    return ask_lasting(arms, arm_step, arm_step->stage, &request, name, &lasting, answer);
}

enum flow arms_ask_keep(struct arms *arms, const struct arm_step *arm_step, int item, const struct json_value **answer)
{
    struct json_writer request = {0};
    begin_request(&request, "keep");
    json_string_member(&request, "folder", arms->folder);
    json_string_member(&request, "arm", arms->plan->arms[arm_step->arm].id);
    json_string_member(&request, "item", arms->plan->items[item].id);
    return ask(arms, arm_step, arm_step->stage, &request, "keep", answer);
}

/* The plan's argv of a worker, or this program itself, and `--worker`. */
static char **worker_argv(const struct arms *arms, const struct plan_arm *arm)
{
    size_t count = arm->worker != NULL ? arm->worker->count : 0, used = 0;
    char **argv = allocate(count + 3, sizeof *argv);
    if (count == 0)
        argv[used++] = copy_text(arms->self);
    for (const struct json_value *word = count != 0 ? arm->worker->as.first : NULL; word != NULL; word = word->next)
        argv[used++] = copy_text(word->as.string);
    argv[used++] = copy_text("--worker");
    argv[used] = NULL;
    return argv;
}

/* A member as the plan has it; its worker checks it. */
static void copy_member(struct json_writer *request, const char *name, const struct json_value *value)
{
    json_name(request, name);
    json_copy(request, value);
}

enum flow arms_start(struct arms *arms, const struct arm_step *arm_step)
{
    const struct plan_arm *arm = &arms->plan->arms[arm_step->arm];
    struct failure failure = {"", ""};
    const struct json_value *answer;
    char **argv = worker_argv(arms, arm);
    struct worker_process *worker =
        worker_start(argv, arms->folder, arms->wakeup, arms->plan->step_timeout_ns, &failure);
    for (char **word = argv; *word != NULL; word++)
        free(*word);
    free(argv);
    if (worker == NULL)
        return failed(arms, arm_step, "start", &failure);
    arms->workers[arm_step->arm] = worker;
    arms->bound_items[arm_step->arm] = -1;
    struct json_writer request = {0};
    begin_request(&request, "start");
    json_string_member(&request, "runtime", arm->runtime);
    json_string_member(&request, "runtime_version", arm->runtime_version);
    json_string_member(&request, "library", arm->library);
    copy_member(&request, "accelerator", arm->accelerator);
    copy_member(&request, "accelerator_options", arm->accelerator_options);
    copy_member(&request, "accelerator_library", arm->accelerator_library);
    copy_member(&request, "cores", arm->cores);
    json_integer_member(&request, "threads", arm->threads);
    return ask(arms, arm_step, "start", &request, "start", &answer);
}

enum flow arms_load(struct arms *arms, const struct arm_step *arm_step, int64_t *load_ns)
{
    const struct plan_arm *arm = &arms->plan->arms[arm_step->arm];
    const struct json_value *answer;
    struct json_writer request = {0};
    begin_request(&request, "load");
    json_string_member(&request, "model", arm->model);
    json_name(&request, "input_shapes");
    json_copy(&request, arm->input_shapes);
    enum flow flow = ask(arms, arm_step, "load", &request, "load", &answer);
    if (flow != FLOW_DONE)
        return flow;
    const struct json_value *loaded = json_get(answer, "loaded");
    const char *version = json_get_string(loaded, "runtime_version");
    int64_t pid = 0;
    if (json_get_integer(loaded, "pid", 1, INT32_MAX, &pid))
        arms->workers[arm_step->arm]->working_pid = (pid_t)pid;
    if (load_ns != NULL && !json_get_integer(loaded, "load_ns", 0, INT64_MAX, load_ns))
        *load_ns = 0;
    struct json_writer *record = journal_begin(arms->journal, "arm_loaded");
    json_string_member(record, "arm", arm->id);
    for (const struct json_value *member = loaded != NULL ? loaded->as.first : NULL; member != NULL;
         member = member->next) {
        json_name(record, member->key);
        json_copy(record, member);
    }
    json_name(record, "notes");
    json_open(record, '[');
    if (version != NULL && strcmp(version, arm->runtime_version) != 0) {
        struct bytes note = {0};
        bytes_format(&note, "asked for %s %s, and the runtime says it is %s", arm->runtime, arm->runtime_version,
                     version);
        json_string(record, note.data);
        bytes_free(&note);
    }
    json_close(record, ']');
    return journal_end(arms->journal) ? FLOW_DONE : FLOW_UNWRITABLE;
}

enum flow arms_ready(struct arms *arms, const struct arm_step *arm_step)
{
    if (arms->workers[arm_step->arm] != NULL)
        return FLOW_DONE;
    int64_t begun_ns = clock_ns();
    enum flow flow = arms_start(arms, arm_step);
    if (flow == FLOW_DONE)
        flow = arms_load(arms, arm_step, NULL);
    arms->start_ns[arm_step->arm] = clock_ns() - begun_ns;
    return flow;
}

enum flow arms_bind(struct arms *arms, const struct arm_step *arm_step, int item)
{
    const char *id = arms->plan->arms[arm_step->arm].id;
    if (arms->bound_items[arm_step->arm] == item)
        return FLOW_DONE;
    const struct json_value *files = json_get(arms->plan->items[item].inputs, id), *answer;
    if (files == NULL) {
        struct failure failure;
        fail(&failure, "ValueError", "the plan has no inputs of item %s for arm %s", arms->plan->items[item].id, id);
        worker_close(arms->workers[arm_step->arm]);
        return failed(arms, arm_step, arm_step->stage, &failure);
    }
    struct json_writer request = {0};
    begin_request(&request, "bind");
    json_name(&request, "files");
    json_copy(&request, files);
    enum flow flow = ask(arms, arm_step, arm_step->stage, &request, "bind", &answer);
    if (flow == FLOW_DONE)
        arms->bound_items[arm_step->arm] = item;
    return flow;
}

pid_t arms_pid(const struct arms *arms, int arm)
{
    return arm >= 0 && arms->workers[arm] != NULL ? arms->workers[arm]->working_pid : 0;
}

void arms_close(struct arms *arms, bool at_once)
{
    for (int k = 0; k < arms->plan->arm_count; k++) {
        if (arms->workers[k] != NULL) {
            if (at_once)
                worker_kill(arms->workers[k]);
            else
                worker_close(arms->workers[k]);
        }
        arms->workers[k] = NULL;
        arms->bound_items[k] = -1;
    }
}
