#include "conductor/session.h"

#include "platform/clock.h"

static bool write_skip(struct session *self, int64_t step, const char *reason)
{
    struct json_writer *record = journal_begin(self->journal, "step_skipped");
    json_integer_member(record, "step", step);
    json_string_member(record, "reason", reason);
    return journal_end(self->journal);
}

enum flow session_skip(struct session *self, int index, const char *reason)
{
    self->progress->steps[index].done = true;
    return write_skip(self, self->plan->steps[index].number, reason) ? FLOW_DONE : FLOW_UNWRITABLE;
}

enum flow session_skip_for_all_arms(struct session *self, int index, const unsigned char *arms, int arm_count)
{
    struct bytes reason = {0};
    bytes_text(&reason, "every arm of it failed");
    for (int k = 0; k < arm_count; k++)
        bytes_format(&reason, "%s%s", k == 0 ? ": " : "; ", self->progress->failed[arms[k]]);
    enum flow flow = session_skip(self, index, reason.data);
    bytes_free(&reason);
    return flow;
}

enum flow session_end_record(struct session *self)
{
    return journal_end(self->journal) ? FLOW_DONE : FLOW_UNWRITABLE;
}

enum flow session_bound_arm(struct session *self, const struct arm_step *arm_step, int item)
{
    enum flow flow = arms_ready(&self->arms, arm_step);
    return flow == FLOW_DONE ? arms_bind(&self->arms, arm_step, item) : flow;
}

bool session_keeps_processes(const struct session *self)
{
    const struct launch *launch = &self->launch;
    double start_ns = 0;
    if (launch->pairs == 0 || launch->pairs >= self->plan->latency.launch_pairs_most)
        return false;
    for (int arm = 0; arm < self->plan->arm_count; arm++)
        if (self->progress->failed[arm] == NULL)
            start_ns += (double)self->arms.start_ns[arm];
    return (double)launch->pairs * (double)launch->spent_ns < LAUNCH_COST_WEIGHT * start_ns;
}

bool session_latency_bound_reached(struct session *self)
{
    if (self->latency_begun_ns < 0)
        self->latency_begun_ns = clock_ns();
    int64_t elapsed_ns = self->progress->latency_elapsed_ns + clock_ns() - self->latency_begun_ns;
    return elapsed_ns >= self->plan->latency.max_ns;
}
