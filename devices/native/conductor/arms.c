#include "conductor/arms.h"

#include "conductor/stop.h"
#include "conductor/worker_argv.h"
#include "platform/child_process.h"
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

static void begin_request(const struct arms *arms, const struct arm_step *arm_step, struct json_writer *request,
                          const char *name)
{
    json_open(request, '{');
    json_string_member(request, "do", name);
    json_string_member(request, "arm", arms->plan->arms[arm_step->arm].id);
}

static bool is_in_a_tab(const struct arms *arms, int arm)
{
    return arms->plan->arms[arm].web != NULL;
}

/* Asks a web arm. The browser of others may have gone with it: they are started anew when it is their turn. */
static enum asked ask_tab(struct arms *arms, int arm, struct json_writer *request, const char *name,
                          const struct lasting *lasting, const struct json_value **answer, struct failure *failure)
{
    uint64_t gone;
    enum asked asked = tab_workers_ask(&arms->tabs, arm, request, name, lasting, answer, &gone, failure);
    for (int k = 0; asked == ASKED_FAILED && k < arms->plan->arm_count; k++) {
        if ((gone >> k & 1) == 0 || arms->workers[k] == NULL)
            continue;
        say("the browser of arm %s went with that of %s", arms->plan->arms[k].id, arms->plan->arms[arm].id);
        arms->workers[k] = NULL;
        arms->bound_items[k] = -1;
    }
    return asked;
}

/* Sends a request whose members are written, and frees it. */
static enum flow ask_lasting(struct arms *arms, const struct arm_step *arm_step, const char *stage, struct json_writer *request,
                             const char *name, const struct lasting *lasting, const struct json_value **answer)
{
    struct failure failure = {"", ""};
    enum asked asked;
    if (is_in_a_tab(arms, arm_step->arm)) {
        asked = ask_tab(arms, arm_step->arm, request, name, lasting, answer, &failure);
    } else {
        json_close(request, '}');
        asked = worker_ask(arms->workers[arm_step->arm], request, name, lasting, answer, &failure);
    }
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
    begin_request(arms, arm_step, &request, name);
    return ask(arms, arm_step, arm_step->stage, &request, name, answer);
}

enum flow arms_ask_block(struct arms *arms, const struct arm_step *arm_step, int64_t lead_in, int64_t count,
                         const struct warm_up_block *warm_up, const struct json_value **answer)
{
    struct json_writer request = {0};
    begin_request(arms, arm_step, &request, "block");
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
    begin_request(arms, arm_step, &request, name);
    json_integer_member(&request, member, duration_ns);
    if (slices != 0)
        json_integer_member(&request, "slices", slices);
    return ask_lasting(arms, arm_step, arm_step->stage, &request, name, &lasting, answer);
}

enum flow arms_ask_keep(struct arms *arms, const struct arm_step *arm_step, int item, const struct json_value **answer)
{
    struct json_writer request = {0};
    begin_request(arms, arm_step, &request, "keep");
    json_string_member(&request, "folder", arms->folder);
    json_string_member(&request, "item", arms->plan->items[item].id);
    return ask(arms, arm_step, arm_step->stage, &request, "keep", answer);
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
    struct worker_process *worker;
    if (is_in_a_tab(arms, arm_step->arm)) {
        worker = tab_workers_holder(&arms->tabs, arm_step->arm, &failure);
    } else {
        char **argv = worker_argv(arms->self, arm, "--worker");
        worker = worker_start(argv, arms->folder, arms->wakeup, arms->plan->step_timeout_ns, &failure);
        worker_argv_free(argv);
    }
    if (worker == NULL)
        return stop_insisted() ? FLOW_STOPPED : failed(arms, arm_step, "start", &failure);
    arms->workers[arm_step->arm] = worker;
    arms->working_pids[arm_step->arm] = worker->pid;
    arms->bound_items[arm_step->arm] = -1;
    struct json_writer request = {0};
    begin_request(arms, arm_step, &request, "start");
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
    begin_request(arms, arm_step, &request, "load");
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
        arms->working_pids[arm_step->arm] = (pid_t)pid;
    /* In an app of a phone: no probe may take what serves the page for what infers. */
    const struct json_value *elsewhere = json_get(answer, "infers_elsewhere");
    if (elsewhere != NULL && elsewhere->kind == JSON_TRUE)
        arms->working_pids[arm_step->arm] = 0;
    if (load_ns != NULL && !json_get_integer(loaded, "load_ns", 0, INT64_MAX, load_ns))
        *load_ns = 0;
    struct json_writer *record = journal_begin(arms->journal, "arm_loaded");
    json_string_member(record, "arm", arm->id);
    for (const struct json_value *member = loaded != NULL ? loaded->as.first : NULL; member != NULL;
         member = member->next) {
        if (strcmp(member->key, "notes") == 0)
            continue;
        json_name(record, member->key);
        json_copy(record, member);
    }
    json_name(record, "notes");
    json_open(record, '[');
    json_copy_elements(record, json_get(loaded, "notes"));
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
        if (is_in_a_tab(arms, arm_step->arm))
            tab_workers_close_frame(&arms->tabs, arm_step->arm);
        else
            worker_close(arms->workers[arm_step->arm], CLOSE_TIMEOUT_NS);
        return failed(arms, arm_step, arm_step->stage, &failure);
    }
    struct json_writer request = {0};
    begin_request(arms, arm_step, &request, "bind");
    json_name(&request, "files");
    json_copy(&request, files);
    enum flow flow = ask(arms, arm_step, arm_step->stage, &request, "bind", &answer);
    if (flow == FLOW_DONE)
        arms->bound_items[arm_step->arm] = item;
    return flow;
}

pid_t arms_pid(const struct arms *arms, int arm)
{
    return arm >= 0 && arms->workers[arm] != NULL ? arms->working_pids[arm] : 0;
}

void arms_close(struct arms *arms, bool at_once)
{
    for (int k = 0; k < arms->plan->arm_count; k++) {
        if (arms->workers[k] != NULL && !is_in_a_tab(arms, k)) {
            if (at_once)
                worker_kill(arms->workers[k]);
            else
                worker_close(arms->workers[k], CLOSE_TIMEOUT_NS);
        }
        arms->workers[k] = NULL;
        arms->bound_items[k] = -1;
    }
    tab_workers_close(&arms->tabs);
}
