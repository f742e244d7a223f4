#include "conductor/energy_step.h"

#include "platform/clock.h"
#include "conductor/probes.h"
#include "conductor/stop.h"

/* How an arm worked, or the device idled, for a time. */
struct spent {
    int64_t started_ns, ended_ns, wall_started_ns, wall_ended_ns, inferences;
    const struct json_value *answer; /* of the worker, until it is asked again; NULL of idling */
};

/* What is read around and during one block. */
struct energy_readings {
    const struct plan *plan;
    pid_t worker;
    struct probe_list at_ends; /* sampled probes that are no boundary probes */
    struct json_writer list;
    int64_t dropped; /* samples that were too many */
};

static void sample(void *of)
{
    struct energy_readings *readings = of;
    if (readings->list.out.length < READINGS_MAX_BYTES)
        readings_add(&readings->list, readings->plan, &readings->plan->energy.sampled, readings->worker);
    else
        readings->dropped++;
}

static enum flow idle_for(int64_t duration_ns, int wakeup, struct meanwhile *meanwhile, struct spent *spent)
{
    *spent = (struct spent){.wall_started_ns = wall_ns(), .started_ns = clock_ns()};
    for (int64_t left_ns; (left_ns = spent->started_ns + duration_ns - clock_ns()) > 0;) {
        struct pollfd signals = {wakeup, POLLIN, 0};
        int64_t due_ns = meanwhile_left_ns(meanwhile);
        if (stop_insisted())
            return FLOW_STOPPED;
        if (poll(&signals, 1, poll_timeout_ms(left_ns < due_ns ? left_ns : due_ns)) == 0)
            meanwhile_act_if_due(meanwhile);
    }
    spent->ended_ns = clock_ns();
    spent->wall_ended_ns = wall_ns();
    return FLOW_DONE;
}

static enum flow work_for(struct session *self, const struct arm_step *arm_step, int64_t duration_ns, int64_t slices,
                          struct meanwhile *meanwhile, struct spent *spent)
{
    const struct json_value *answer;
    enum flow flow = arms_ask_for_a_time(&self->arms, arm_step, "infer_for", "duration_ns", duration_ns, slices, meanwhile,
                                         &answer);
    const struct {
        const char *name;
        int64_t *value;
    } members[] = {{"started_ns", &spent->started_ns},
                   {"ended_ns", &spent->ended_ns},
                   {"wall_started_ns", &spent->wall_started_ns},
                   {"wall_ended_ns", &spent->wall_ended_ns},
                   {"inferences", &spent->inferences}};
    for (size_t k = 0; flow == FLOW_DONE && k < sizeof members / sizeof *members; k++)
        if (!json_get_integer(answer, members[k].name, 0, INT64_MAX, members[k].value))
            *members[k].value = 0;
    spent->answer = flow == FLOW_DONE ? answer : NULL;
    return flow;
}

static enum flow spend(struct session *self, const struct arm_step *arm_step, int64_t duration_ns, int64_t slices,
                       struct meanwhile *meanwhile, struct spent *spent)
{
    return arm_step->arm < 0 ? idle_for(duration_ns, self->arms.wakeup, meanwhile, spent)
                             : work_for(self, arm_step, duration_ns, slices, meanwhile, spent);
}

/* The arms of the pass, and how many of them are loaded. */
struct energy_arms {
    unsigned char arms[ARMS_MAX];
    int count;
    int loaded;
};

/* Has every arm of the pass loaded, so that idling and working begin in the same state. */
static enum flow load_all(struct session *self, int64_t number, struct energy_arms *of_pass)
{
    bool named[ARMS_MAX] = {false};
    *of_pass = (struct energy_arms){.count = 0};
    for (int k = 0; k < self->plan->step_count; k++) {
        const struct plan_step *step = &self->plan->steps[k];
        if (step->kind != STEP_ENERGY || step->arm < 0 || named[step->arm])
            continue;
        named[step->arm] = true;
        of_pass->arms[of_pass->count++] = (unsigned char)step->arm;
        if (self->progress->failed[step->arm] != NULL)
            continue;
        struct arm_step arm_step = {step->arm, number, "energy"};
        enum flow flow = self->arms.bound_items[step->arm] >= 0 ? FLOW_DONE : session_bound_arm(self, &arm_step, step->item);
        if (flow != FLOW_DONE && flow != FLOW_ARM_FAILED)
            return flow;
        of_pass->loaded += flow == FLOW_DONE;
    }
    return FLOW_DONE;
}

static void write_slices(struct json_writer *record, const struct spent *spent)
{
    static const char *const names[] = {"slice_inferences", "slice_ns"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const struct json_value *slices = spent->answer != NULL ? json_get(spent->answer, names[k]) : NULL;
        json_name(record, names[k]);
        if (slices != NULL) {
            json_copy(record, slices);
        } else {
            json_open(record, '[');
            json_close(record, ']');
        }
    }
}

static enum flow write_block(struct session *self, const struct plan_step *step, const struct spent *spent,
                             const struct energy_readings *readings, const struct gate_outcome *gate)
{
    machine_read(&self->machine, &self->after);
    struct json_writer *record = journal_begin(self->journal, "energy_block");
    json_integer_member(record, "step", step->number);
    json_integer_member(record, "cycle", step->cycle);
    json_integer_member(record, "position", step->position);
    json_string_member(record, "arm", step->arm >= 0 ? self->plan->arms[step->arm].id : NULL);
    json_string_member(record, "item", self->plan->items[step->item].id);
    json_integer_member(record, "started_ns", spent->started_ns);
    json_integer_member(record, "ended_ns", spent->ended_ns);
    json_integer_member(record, "wall_started_ns", spent->wall_started_ns);
    json_integer_member(record, "wall_ended_ns", spent->wall_ended_ns);
    json_integer_member(record, "inferences", spent->inferences);
    write_slices(record, spent);
    json_list_member(record, "readings", &readings->list);
    context_write(record, "before", &self->machine, &self->before);
    context_write(record, "after", &self->machine, &self->after);
    gate_outcome_write(record, gate);
    struct json_writer notes = {0};
    if (spent->answer != NULL)
        json_copy_elements(&notes, json_get(spent->answer, "notes"));
    struct bytes note = {0};
    bytes_format(&note, "%lld samples were not taken: the readings of one record take up to %d bytes",
                 (long long)readings->dropped, (int)READINGS_MAX_BYTES);
    if (readings->dropped != 0)
        json_string(&notes, note.data);
    json_list_member(record, "notes", &notes);
    bytes_free(&note);
    bytes_free(&notes.out);
    return session_end_record(self);
}

/* Lead-in, readings, the block, readings. */
static enum flow block(struct session *self, const struct plan_step *step, const struct arm_step *arm_step,
                       struct energy_readings *readings, struct spent *spent)
{
    const struct energy_options *options = &self->plan->energy;
    struct meanwhile sampling = {sample, readings, options->sample_every_ns, 0};
    enum flow flow = FLOW_DONE;
    if (options->lead_in_ns > 0)
        flow = spend(self, arm_step, options->lead_in_ns, 0, NULL, spent);
    if (flow != FLOW_DONE)
        return flow;
    machine_read(&self->machine, &self->before);
    readings_add(&readings->list, self->plan, &options->boundary, readings->worker);
    readings_add(&readings->list, self->plan, &readings->at_ends, readings->worker);
    meanwhile_begin(&sampling);
    flow = spend(self, arm_step, step->duration_ns, options->slices, options->sampled.count != 0 ? &sampling : NULL, spent);
    if (flow != FLOW_DONE)
        return flow;
    readings_add(&readings->list, self->plan, &readings->at_ends, readings->worker);
    readings_add(&readings->list, self->plan, &options->boundary, readings->worker);
    return FLOW_DONE;
}

/* The sampled probes that are no boundary probes, in order. */
static struct probe_list sampled_alone(const struct energy_options *options)
{
    struct probe_list alone = {allocate((size_t)options->sampled.count, sizeof *alone.probes), 0};
    for (int k = 0; k < options->sampled.count; k++) {
        bool is_boundary = false;
        for (int other = 0; other < options->boundary.count; other++)
            is_boundary = is_boundary || options->boundary.probes[other] == options->sampled.probes[k];
        if (!is_boundary)
            alone.probes[alone.count++] = options->sampled.probes[k];
    }
    return alone;
}

enum flow energy_step(struct session *self, const struct plan_step *step, int index)
{
    struct arm_step arm_step = {step->arm, step->number, "energy"};
    struct gate_outcome gate = {0};
    struct spent spent = {0};
    struct energy_arms of_pass;
    enum flow flow = load_all(self, step->number, &of_pass);
    if (flow != FLOW_DONE)
        return flow;
    if (of_pass.count != 0 && of_pass.loaded == 0)
        return session_skip_for_all_arms(self, index, of_pass.arms, of_pass.count);
    if (step->arm >= 0)
        flow = self->progress->failed[step->arm] != NULL ? FLOW_ARM_FAILED : session_bound_arm(self, &arm_step, step->item);
    if (flow != FLOW_DONE)
        return flow;
    struct energy_readings readings = {
        .plan = self->plan, .worker = arms_pid(&self->arms, step->arm), .at_ends = sampled_alone(&self->plan->energy)};
    int64_t pause_ns = self->plan->latency.settle_ns + (self->rested ? 0 : self->plan->energy.rest_ns);
    self->rested = true;
    flow = gates_settle(&self->gates, PASS_ENERGY, step->number, pause_ns, readings.worker, &gate);
    if (flow == FLOW_DONE)
        flow = block(self, step, &arm_step, &readings, &spent);
    if (flow == FLOW_DONE)
        flow = write_block(self, step, &spent, &readings, &gate);
    free(readings.at_ends.probes);
    bytes_free(&readings.list.out);
    gate_outcome_free(&gate);
    return flow;
}
