#include "conductor/latency_step.h"

#include "conductor/reference_work.h"
#include "conductor/stop.h"
#include "platform/clock.h"

static enum flow write_block(struct session *self, const struct plan_step *step, int arm, int position,
                             const struct json_value *answer, const struct reference *reference,
                             const struct gate_outcome *gate)
{
    machine_read(&self->machine, &self->after);
    struct json_writer *record = journal_begin(self->journal, "latency_block");
    json_integer_member(record, "step", step->number);
    json_integer_member(record, "pair", step->pair);
    json_integer_member(record, "position", position);
    json_size_member(record, "launch", self->launch.number);
    json_string_member(record, "arm", self->plan->arms[arm].id);
    json_string_member(record, "item", self->plan->items[step->item].id);
    context_write(record, "before", &self->machine, &self->before);
    context_write(record, "after", &self->machine, &self->after);
    static const char *const names[] = {"started_ns", "ended_ns", "lead_in_ns", "latency_ns", "cpu_ns"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        json_copy_member(record, answer, names[k]);
    reference_write(record, reference);
    gate_outcome_write(record, gate);
    json_copy_list_member(record, "notes", json_get(answer, "notes"));
    return session_end_record(self);
}

/* `*waited_ns` grows by what was waited before the block. */
static enum flow latency_block(struct session *self, const struct plan_step *step, int arm, int position,
                               int64_t *waited_ns)
{
    const struct latency_options *options = &self->plan->latency;
    struct arm_step arm_step = {arm, step->number, "latency"};
    const struct json_value *answer;
    struct gate_outcome gate = {0};
    struct reference reference;
    enum flow flow = session_bound_arm(self, &arm_step, step->item);
    if (flow == FLOW_DONE)
        flow = gates_settle(&self->gates, PASS_LATENCY, step->number, options->settle_ns, arms_pid(&self->arms, arm),
                            &gate);
    if (flow != FLOW_DONE)
        return flow;
    reference_work(self->progress->reference_bytes, &reference);
    machine_read(&self->machine, &self->before);
    flow = arms_ask_block(&self->arms, &arm_step, options->lead_in_inferences, self->block_inferences, NULL, &answer);
    if (flow == FLOW_DONE)
        flow = write_block(self, step, arm, position, answer, &reference, &gate);
    *waited_ns += gate.waited_ns;
    gate_outcome_free(&gate);
    return flow;
}

enum flow latency_step(struct session *self, const struct plan_step *step, int index)
{
    if (session_latency_bound_reached(self)) {
        self->progress->bound_hit = true;
        return session_skip(self, index, BOUND_REASON);
    }
    struct launch *launch = &self->launch;
    int64_t begun_ns = clock_ns(), waited_ns = 0;
    int position = 0;
    if (launch->pairs == 0)
        launch->number = step->launch;
    for (int k = 0; k < step->arm_count; k++) {
        if (self->progress->failed[step->arms[k]] != NULL)
            continue;
        if (stop_asked())
            return FLOW_STOPPED;
        if (stop_asked_of(PASS_LATENCY))
            return FLOW_PASS_STOPPED;
        enum flow flow = latency_block(self, step, step->arms[k], position, &waited_ns);
        if (flow == FLOW_ARM_FAILED)
            continue;
        if (flow != FLOW_DONE)
            return flow;
        position++;
    }
    launch->pairs++;
    launch->spent_ns += clock_ns() - begun_ns - waited_ns;
    if (position != 0)
        return FLOW_DONE;
    return session_skip_for_all_arms(self, index, step->arms, step->arm_count);
}
