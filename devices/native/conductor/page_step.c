#include "conductor/page_step.h"

static enum flow write_page(struct session *self, const struct plan_step *step, const struct json_value *answer)
{
    struct json_writer *record = journal_begin(self->journal, "page");
    json_integer_member(record, "step", step->number);
    json_string_member(record, "arm", self->plan->arms[step->arm].id);
    json_integer_member(record, "repeat", step->repeat);
    for (const struct json_value *member = answer->as.first; member != NULL; member = member->next) {
        json_name(record, member->key);
        json_copy(record, member);
    }
    return session_end_record(self);
}

enum flow page_step(struct session *self, const struct plan_step *step)
{
    struct arm_step arm_step = {step->arm, step->number, "page"};
    const struct json_value *answer;
    arms_close(&self->arms, false);
    enum flow flow = session_bound_arm(self, &arm_step, step->item);
    if (flow == FLOW_DONE)
        flow = arms_ask_for_a_time(&self->arms, &arm_step, "animate", "duration_ns", step->duration_ns, 0, NULL, &answer);
    if (flow == FLOW_DONE)
        flow = write_page(self, step, answer);
    arms_close(&self->arms, flow == FLOW_STOPPED);
    return flow;
}
