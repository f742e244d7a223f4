#include "conductor/conductor.h"

#include "platform/clock.h"
#include "conductor/energy_step.h"
#include "conductor/latency_step.h"
#include "conductor/memory_step.h"
#include "conductor/page_step.h"
#include "conductor/quality_step.h"
#include "conductor/records_folder.h"
#include "conductor/soak_step.h"
#include "conductor/stop.h"
#include "conductor/warm_up_step.h"

static enum flow skip_for_arm(struct session *self, int index, const char *how)
{
    int arm = self->plan->steps[index].arm;
    struct bytes reason = {0};
    bytes_format(&reason, "arm %s failed %s: %s", self->plan->arms[arm].id, how, self->progress->failed[arm]);
    enum flow flow = session_skip(self, index, reason.data);
    bytes_free(&reason);
    return flow;
}

static enum flow do_step(struct session *self, int index)
{
    const struct plan_step *step = &self->plan->steps[index];
    if (step->arm >= 0 && self->progress->failed[step->arm] != NULL)
        return skip_for_arm(self, index, "before");
    enum flow flow = FLOW_DONE;
    switch (step->kind) {
    case STEP_QUALITY: flow = quality_step(self, step); break;
    case STEP_MEMORY: flow = memory_step(self, step); break;
    case STEP_WARM_UP: return warm_up_step(self, step, index);
    case STEP_LATENCY_PAIR: return latency_step(self, step, index);
    case STEP_ENERGY: flow = energy_step(self, step, index); break;
    case STEP_PAGE: flow = page_step(self, step); break;
    case STEP_SOAK: flow = soak_step(self, step, index); break;
    case STEP_UNKNOWN: {
        struct bytes reason = {0};
        bytes_text(&reason, "runner version " RUNNER_VERSION " knows no steps of kind ");
        add_one_line(&reason, step->kind_name, 60);
        flow = session_skip(self, index, reason.data);
        bytes_free(&reason);
        return flow;
    }
    }
    /* An arm's failure is on record already; what is left to do is to say that the step has no result. */
    return flow == FLOW_ARM_FAILED ? skip_for_arm(self, index, "in this step") : flow;
}

static bool write_started(struct session *self)
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

/* Ends one pass: what is left of it is not done, in this session or a later one. */
static enum flow stop_pass(struct session *self, int index)
{
    const struct plan *plan = self->plan;
    enum pass pass = pass_of_step(plan->steps[index].kind);
    int first = index;
    /* A warm-up that is only made anew has been done. */
    while (first < plan->step_count
           && (pass_of_step(plan->steps[first].kind) != pass || progress_is_done(self->progress, first)
               || self->progress->steps[first].block_inferences != 0))
        first++;
    self->progress->pass_stopped[pass] = true;
    struct json_writer *record = journal_begin(self->journal, "pass_stopped");
    json_integer_member(record, "step", plan->steps[first < plan->step_count ? first : index].number);
    json_string_member(record, "of_pass", pass_name(pass));
    return session_end_record(self);
}

static enum flow do_or_stop(struct session *self, int index)
{
    if (stop_asked())
        return FLOW_STOPPED;
    bool is_stopped = stop_asked_of(pass_of_step(self->plan->steps[index].kind));
    enum flow flow = is_stopped ? FLOW_PASS_STOPPED : do_step(self, index);
    return flow == FLOW_PASS_STOPPED ? stop_pass(self, index) : flow;
}

/* Walks the plan to its end, to a stop, or to its bound. False where records cannot be written. */
static bool walk(struct session *self)
{
    const char *reason = "complete";
    if (!write_started(self))
        return false;
    say("session %lld of plan %s, %d steps", (long long)self->journal->session, self->plan->run_id,
        self->plan->step_count);
    enum flow flow = FLOW_DONE;
    for (int index = 0; flow == FLOW_DONE && index < self->plan->step_count; index++)
        if (!progress_is_done(self->progress, index))
            flow = do_or_stop(self, index);
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
    struct bytes problem = {0}, plan_folder = {0};
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
    bytes_add(&plan_folder, plan_path, slash != NULL ? (size_t)(slash + 1 - plan_path) : 0);
    struct session *self = allocate(1, sizeof *self);
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
                               .wakeup = stop_listen(plan_folder.data)};
    self->arms.tabs = (struct tab_workers){&plan, self_path, folder, self->arms.wakeup, NULL};
    for (int k = 0; k < ARMS_MAX; k++)
        self->arms.bound_items[k] = -1;
    machine_open(&self->machine, "");
    gates_begin(&self->gates, &plan, &journal, &self->machine);
    return walk(self) ? 0 : EXIT_IO;
}
