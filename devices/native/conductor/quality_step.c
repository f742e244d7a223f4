#include "conductor/quality_step.h"

enum flow quality_step(struct session *self, const struct plan_step *step)
{
    struct arm_step arm_step = {step->arm, step->number, "quality"};
    const struct json_value *answer;
    enum flow flow = arms_ready(&self->arms, &arm_step);
    if (flow == FLOW_DONE)
        flow = arms_bind(&self->arms, &arm_step, step->item);
    if (flow == FLOW_DONE)
        flow = arms_ask_keep(&self->arms, &arm_step, step->item, &answer);
    if (flow != FLOW_DONE)
        return flow;
    struct json_writer *record = journal_begin(self->journal, "quality_output");
    json_integer_member(record, "step", step->number);
    json_string_member(record, "arm", self->plan->arms[step->arm].id);
    json_string_member(record, "item", self->plan->items[step->item].id);
    json_copy_member(record, answer, "outputs");
    json_copy_member(record, answer, "latency_ns");
    return session_end_record(self);
}
