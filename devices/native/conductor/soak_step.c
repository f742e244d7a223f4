#include "conductor/soak_step.h"

#include "conductor/probes.h"
#include "conductor/reference_work.h"
#include "conductor/stop.h"

static enum flow write_window(struct session *self, const struct plan_step *step, int64_t number,
                              const struct json_value *answer, const struct reference *reference)
{
    struct json_writer readings = {0};
    readings_add(&readings, self->plan, &self->plan->soak_probes, arms_pid(&self->arms, step->arm));
    machine_read(&self->machine, &self->after);
    struct json_writer *record = journal_begin(self->journal, "soak_window");
    json_integer_member(record, "step", step->number);
    json_string_member(record, "arm", self->plan->arms[step->arm].id);
    json_integer_member(record, "index", number);
    for (const struct json_value *member = answer->as.first; member != NULL; member = member->next) {
        json_name(record, member->key);
        json_copy(record, member);
    }
    reference_write(record, reference);
    json_list_member(record, "readings", &readings);
    context_write(record, "context", &self->machine, &self->after);
    bytes_free(&readings.out);
    return session_end_record(self);
}

static enum flow window(struct session *self, const struct plan_step *step, int index, const struct arm_step *arm_step)
{
    const struct json_value *answer;
    struct reference reference;
    int64_t started_ns = 0, ended_ns = 0;
    if (stop_asked())
        return FLOW_STOPPED;
    reference_work(self->progress->reference_bytes, &reference);
    enum flow flow = arms_ask_for_a_time(&self->arms, arm_step, "soak", "window_ns", step->window_ns, 0, NULL, &answer);
    if (flow == FLOW_DONE)
        flow = write_window(self, step, self->progress->steps[index].soak_windows, answer, &reference);
    if (flow != FLOW_DONE)
        return flow;
    if (json_get_integer(answer, "started_ns", 0, INT64_MAX, &started_ns)
        && json_get_integer(answer, "ended_ns", started_ns, INT64_MAX, &ended_ns))
        progress_soaked(self->progress, index, ended_ns - started_ns);
    return FLOW_DONE;
}

enum flow soak_step(struct session *self, const struct plan_step *step, int index)
{
    struct arm_step arm_step = {step->arm, step->number, "soak"};
    arms_close(&self->arms, false);
    enum flow flow = session_bound_arm(self, &arm_step, step->item);
    while (flow == FLOW_DONE && !progress_is_done(self->progress, index))
        flow = window(self, step, index, &arm_step);
    arms_close(&self->arms, flow == FLOW_STOPPED);
    return flow;
}
