#include "conductor.h"

#include "arms.h"
#include "clock.h"
#include "machine.h"
#include "memory_step.h"
#include "records_folder.h"
#include "stop.h"
#include "warm_up.h"

struct conductor {
    const struct plan *plan;
    struct journal *journal;
    struct progress *progress;
    struct arms arms;
    struct machine machine;
    struct context before, after;
    int64_t block_inferences;
    int64_t latency_begun_ns; /* −1 before the first step of the latency pass */
};

static bool write_skip(struct conductor *self, int64_t step, const char *reason)
{
    struct json_writer *record = journal_begin(self->journal, "step_skipped");
    json_integer_member(record, "step", step);
    json_string_member(record, "reason", reason);
    return journal_end(self->journal);
}

static enum flow skip(struct conductor *self, int index, const char *reason)
{
    self->progress->steps[index].done = true;
    return write_skip(self, self->plan->steps[index].number, reason) ? FLOW_DONE : FLOW_UNWRITABLE;
}

static void copy_member(struct json_writer *record, const struct json_value *answer, const char *name)
{
    json_name(record, name);
    json_copy(record, json_get(answer, name));
}

static enum flow end_record(struct conductor *self)
{
    return journal_end(self->journal) ? FLOW_DONE : FLOW_UNWRITABLE;
}

/* Whether the latency pass, over all sessions, has used up its time; its clock starts at the first call. */
static bool bound_reached(struct conductor *self)
{
    if (self->latency_begun_ns < 0)
        self->latency_begun_ns = clock_ns();
    int64_t elapsed_ns = self->progress->latency_elapsed_ns + clock_ns() - self->latency_begun_ns;
    return elapsed_ns >= self->plan->latency.max_ns;
}

static enum flow quality(struct conductor *self, const struct plan_step *step)
{
    struct at at = {step->arm, step->number, "quality"};
    const struct json_value *answer;
    enum flow flow = arms_ready(&self->arms, &at);
    if (flow == FLOW_DONE)
        flow = arms_bind(&self->arms, &at, step->item);
    if (flow == FLOW_DONE)
        flow = arms_ask_keep(&self->arms, &at, step->item, &answer);
    if (flow != FLOW_DONE)
        return flow;
    struct json_writer *record = journal_begin(self->journal, "quality_output");
    json_integer_member(record, "step", step->number);
    json_string_member(record, "arm", self->plan->arms[step->arm].id);
    json_string_member(record, "item", self->plan->items[step->item].id);
    copy_member(record, answer, "outputs");
    copy_member(record, answer, "latency_ns");
    return end_record(self);
}

/* One block of one arm; its median. */
static enum flow warm_up_block(struct conductor *self, const struct plan_step *step, int arm, int index,
                               double *median_ns)
{
    const struct latency_options *options = &self->plan->latency;
    struct at at = {arm, step->number, "warm_up"};
    const struct json_value *answer;
    int64_t count = options->block_max_inferences;
    enum flow flow = arms_ready(&self->arms, &at);
    if (flow == FLOW_DONE)
        flow = arms_bind(&self->arms, &at, step->item);
    if (flow != FLOW_DONE)
        return flow;
    sleep_ns(options->settle_ns);
    flow = arms_ask_block(&self->arms, &at, 0, count < WARM_UP_LEAST_INFERENCES ? WARM_UP_LEAST_INFERENCES : count,
                          options->block_target_ns / 2, &answer);
    if (flow != FLOW_DONE)
        return flow;
    *median_ns = warm_up_median(json_get(answer, "latency_ns"));
    struct json_writer *record = journal_begin(self->journal, "warm_up_block");
    json_integer_member(record, "step", step->number);
    json_string_member(record, "arm", self->plan->arms[arm].id);
    json_integer_member(record, "index", index);
    copy_member(record, answer, "latency_ns");
    return end_record(self);
}

static enum flow write_warm_up_done(struct conductor *self, const struct plan_step *step, const struct warm_up *warm_up)
{
    struct json_writer *record = journal_begin(self->journal, "warm_up_done");
    json_integer_member(record, "step", step->number);
    json_name(record, "settled");
    json_open(record, '{');
    for (int k = 0; k < step->arm_count; k++) {
        if (self->progress->failed[step->arms[k]] != NULL)
            continue;
        json_name(record, self->plan->arms[step->arms[k]].id);
        json_bool(record, warm_up_is_settled(warm_up, k));
    }
    json_close(record, '}');
    json_integer_member(record, "block_inferences", self->block_inferences);
    json_name(record, "notes");
    json_open(record, '[');
    for (int k = 0; k < step->arm_count; k++) {
        if (self->progress->failed[step->arms[k]] != NULL || warm_up_is_settled(warm_up, k))
            continue;
        struct bytes note = {0};
        bytes_format(&note, "arm %s: block medians still moved by more than %g after %lld warm-up blocks",
                     self->plan->arms[step->arms[k]].id, warm_up->tolerance, (long long)warm_up->arms[k].blocks);
        json_string(record, note.data);
        bytes_free(&note);
    }
    json_close(record, ']');
    return end_record(self);
}

/* Blocks in turn for every arm until the medians of each arm's last three blocks agree, within bounds. */
static enum flow warm_up(struct conductor *self, const struct plan_step *step, int index)
{
    const struct latency_options *options = &self->plan->latency;
    int64_t *fixed = &self->progress->steps[index].block_inferences;
    struct warm_up state = {options->warm_up_tolerance, {{0}}};
    if (bound_reached(self))
        return *fixed == 0 ? skip(self, index, BOUND_REASON) : FLOW_DONE;
    int live = 0;
    for (int64_t block = 0; block < options->warm_up_max_blocks; block++) {
        bool all_settled = true;
        live = 0;
        for (int k = 0; k < step->arm_count; k++) {
            double median_ns = 0;
            if (self->progress->failed[step->arms[k]] != NULL)
                continue;
            if (stop_asked())
                return FLOW_STOPPED;
            enum flow flow = warm_up_block(self, step, step->arms[k], (int)block, &median_ns);
            if (flow == FLOW_ARM_FAILED)
                continue;
            if (flow != FLOW_DONE)
                return flow;
            warm_up_take(&state, k, median_ns);
            live++;
            all_settled = all_settled && warm_up_is_settled(&state, k);
        }
        if (live == 0 || (block + 1 >= options->warm_up_min_blocks && all_settled))
            break;
    }
    if (live == 0)
        return skip(self, index, "every arm of it failed");
    if (*fixed == 0) {
        double slowest_ns = 1.0;
        for (int k = 0; k < step->arm_count; k++)
            if (self->progress->failed[step->arms[k]] == NULL && warm_up_last_median(&state, k) > slowest_ns)
                slowest_ns = warm_up_last_median(&state, k);
        double wanted = (double)options->block_target_ns / slowest_ns + 0.5;
        int64_t count =
            wanted < (double)options->block_max_inferences ? (int64_t)wanted : options->block_max_inferences;
        *fixed = count > options->block_min_inferences ? count : options->block_min_inferences;
    }
    self->block_inferences = *fixed;
    return write_warm_up_done(self, step, &state);
}

static enum flow latency_block(struct conductor *self, const struct plan_step *step, int arm, int position)
{
    const struct latency_options *options = &self->plan->latency;
    struct at at = {arm, step->number, "latency"};
    const struct json_value *answer;
    enum flow flow = arms_ready(&self->arms, &at);
    if (flow == FLOW_DONE)
        flow = arms_bind(&self->arms, &at, step->item);
    if (flow != FLOW_DONE)
        return flow;
    sleep_ns(options->settle_ns);
    machine_read(&self->machine, &self->before);
    flow = arms_ask_block(&self->arms, &at, options->lead_in_inferences, self->block_inferences, -1, &answer);
    if (flow != FLOW_DONE)
        return flow;
    machine_read(&self->machine, &self->after);
    struct json_writer *record = journal_begin(self->journal, "latency_block");
    json_integer_member(record, "step", step->number);
    json_integer_member(record, "pair", step->pair);
    json_integer_member(record, "position", position);
    json_string_member(record, "arm", self->plan->arms[arm].id);
    json_string_member(record, "item", self->plan->items[step->item].id);
    context_write(record, "before", &self->machine, &self->before);
    context_write(record, "after", &self->machine, &self->after);
    static const char *const names[] = {"started_ns", "ended_ns", "lead_in_ns", "latency_ns"};
    for (int k = 0; k < 4; k++)
        copy_member(record, answer, names[k]);
    return end_record(self);
}

static enum flow latency_pair(struct conductor *self, const struct plan_step *step, int index)
{
    if (bound_reached(self)) {
        self->progress->bound_hit = true;
        return skip(self, index, BOUND_REASON);
    }
    int position = 0;
    for (int k = 0; k < step->arm_count; k++) {
        if (self->progress->failed[step->arms[k]] != NULL)
            continue;
        if (stop_asked())
            return FLOW_STOPPED;
        enum flow flow = latency_block(self, step, step->arms[k], position);
        if (flow == FLOW_ARM_FAILED)
            continue;
        if (flow != FLOW_DONE)
            return flow;
        position++;
    }
    if (position != 0)
        return FLOW_DONE;
    struct bytes reason = {0};
    bytes_text(&reason, "every arm of it failed");
    for (int k = 0; k < step->arm_count; k++)
        bytes_format(&reason, "%s%s", k == 0 ? ": " : "; ", self->progress->failed[step->arms[k]]);
    enum flow flow = skip(self, index, reason.data);
    bytes_free(&reason);
    return flow;
}

static enum flow skip_for_arm(struct conductor *self, int index, const char *how)
{
    int arm = self->plan->steps[index].arm;
    struct bytes reason = {0};
    bytes_format(&reason, "arm %s failed %s: %s", self->plan->arms[arm].id, how, self->progress->failed[arm]);
    enum flow flow = skip(self, index, reason.data);
    bytes_free(&reason);
    return flow;
}

static enum flow do_step(struct conductor *self, int index)
{
    const struct plan_step *step = &self->plan->steps[index];
    if (step->arm >= 0 && self->progress->failed[step->arm] != NULL)
        return skip_for_arm(self, index, "before");
    enum flow flow = FLOW_DONE;
    switch (step->kind) {
    case STEP_QUALITY: flow = quality(self, step); break;
    case STEP_MEMORY: flow = memory_step(&self->arms, step); break;
    case STEP_WARM_UP: return warm_up(self, step, index);
    case STEP_LATENCY_PAIR: return latency_pair(self, step, index);
    case STEP_UNKNOWN: {
        struct bytes reason = {0};
        bytes_text(&reason, "runner version " RUNNER_VERSION " knows no steps of kind ");
        add_one_line(&reason, step->kind_name, 60);
        flow = skip(self, index, reason.data);
        bytes_free(&reason);
        return flow;
    }
    }
    /* An arm's failure is on record already; what is left to do is to say that the step has no result. */
    return flow == FLOW_ARM_FAILED ? skip_for_arm(self, index, "in this step") : flow;
}

static bool write_started(struct conductor *self)
{
    struct utsname system;
    char now[32];
    if (uname(&system) != 0)
        memset(&system, 0, sizeof system);
    utc_text(now);
    machine_read(&self->machine, &self->before);
    struct json_writer *record = journal_begin(self->journal, "runner_started");
    json_string_member(record, "schema", "bakeoff.records/1");
    json_string_member(record, "runner", "native");
    json_string_member(record, "runner_version", RUNNER_VERSION);
    json_string_member(record, "wall_time", now);
    json_integer_member(record, "pid", getpid());
    json_string_member(record, "machine", system.machine);
    struct bytes name = {0};
    bytes_format(&name, "%s %s", system.sysname, system.release);
    json_string_member(record, "system", name.data);
    bytes_free(&name);
    context_write(record, "context", &self->machine, &self->before);
    return journal_end(self->journal);
}

/* Walks the plan to its end, to a stop, or to its bound. False where records cannot be written. */
static bool walk(struct conductor *self)
{
    const char *reason = "complete";
    if (!write_started(self))
        return false;
    say("session %lld of plan %s, %d steps", (long long)self->journal->session, self->plan->run_id,
        self->plan->step_count);
    enum flow flow = FLOW_DONE;
    for (int index = 0; flow == FLOW_DONE && index < self->plan->step_count; index++)
        if (!progress_is_done(self->progress, index))
            flow = stop_asked() ? FLOW_STOPPED : do_step(self, index);
    if (flow == FLOW_STOPPED)
        reason = "stopped";
    else if (self->progress->bound_hit)
        reason = "bound";
    arms_close(&self->arms, flow == FLOW_STOPPED);
    if (flow == FLOW_UNWRITABLE)
        return false;
    machine_read(&self->machine, &self->before);
    struct json_writer *record = journal_begin(self->journal, "runner_finished");
    json_string_member(record, "reason", reason);
    context_write(record, "context", &self->machine, &self->before);
    if (!journal_end(self->journal))
        return false;
    say("finished: %s", reason);
    return true;
}

int conduct(const char *self_path, const char *plan_path, const char *records_path)
{
    struct plan plan = {0};
    struct bytes problem = {0}, stop_file = {0};
    if (!plan_read(plan_path, &plan, &problem)) {
        say("%s", problem.data);
        return EXIT_DATA;
    }
    char *folder = records_folder(records_path);
    if (folder == NULL)
        return EXIT_IO;
    enum locked locked = records_lock(folder, records_path);
    if (locked != LOCKED)
        return locked == LOCKED_BY_ANOTHER ? EXIT_LOCKED : EXIT_IO;
    struct progress progress = {0};
    struct journal journal = {0};
    progress_begin(&progress, &plan);
    switch (journal_open(&journal, records_path, &progress)) {
    case JOURNAL_DAMAGED: return EXIT_DATA;
    case JOURNAL_UNWRITABLE: say("cannot write beside %s: %s", records_path, strerror(errno)); return EXIT_IO;
    case JOURNAL_OPEN: break;
    }
    if (progress.finished) {
        say("this plan is done already");
        return 0;
    }
    /* A reader that is gone and a limit on file sizes are errors of a write, not ends of the runner. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    const char *slash = strrchr(plan_path, '/');
    bytes_add(&stop_file, plan_path, slash != NULL ? (size_t)(slash + 1 - plan_path) : 0);
    bytes_text(&stop_file, "stop");
    struct conductor *self = allocate(1, sizeof *self);
    self->plan = &plan;
    self->journal = &journal;
    self->progress = &progress;
    self->block_inferences = plan.latency.block_min_inferences;
    self->latency_begun_ns = -1;
    self->arms = (struct arms){.plan = &plan,
                               .journal = &journal,
                               .progress = &progress,
                               .self = self_path,
                               .folder = folder,
                               .wakeup = stop_listen(stop_file.data)};
    for (int k = 0; k < ARMS_MAX; k++)
        self->arms.bound_items[k] = -1;
    machine_open(&self->machine, "");
    return walk(self) ? 0 : EXIT_IO;
}
