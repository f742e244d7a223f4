#include "conductor/warm_up_step.h"

#include "platform/clock.h"
#include "conductor/reference_work.h"
#include "conductor/stop.h"
#include "conductor/warm_up.h"

/* One block of one arm; its median. */
static enum flow warm_up_block(struct session *self, const struct plan_step *step, int arm, int index,
                               double *median_ns)
{
    const struct latency_options *options = &self->plan->latency;
    struct arm_step arm_step = {arm, step->number, "warm_up"};
    const struct json_value *answer;
    struct warm_up_block bounds = {options->block_target_ns / 2, WARM_UP_LEAST_INFERENCES};
    if (step->fresh) {
        bounds.least = 1;
        bounds.budget_ns = options->warm_up_again_ns > 0 ? options->warm_up_again_ns : bounds.budget_ns;
    }
    int64_t count = options->block_max_inferences < bounds.least ? bounds.least : options->block_max_inferences;
    enum flow flow = session_bound_arm(self, &arm_step, step->item);
    if (flow != FLOW_DONE)
        return flow;
    if (!step->fresh) /* what settles is seen by the medians, and pairs make their pause */
        sleep_ns(options->settle_ns);
    flow = arms_ask_block(&self->arms, &arm_step, 0, count, &bounds, &answer);
    if (flow != FLOW_DONE)
        return flow;
    *median_ns = warm_up_median(json_get(answer, "latency_ns"));
    struct json_writer *record = journal_begin(self->journal, "warm_up_block");
    json_integer_member(record, "step", step->number);
    json_string_member(record, "arm", self->plan->arms[arm].id);
    json_integer_member(record, "index", index);
    json_copy_member(record, answer, "latency_ns");
    return session_end_record(self);
}

static enum flow write_warm_up_done(struct session *self, const struct plan_step *step, const struct warm_up *warm_up)
{
    int64_t reference_bytes = self->progress->reference_bytes;
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
    json_size_member(record, "reference_bytes", reference_bytes != 0 ? reference_bytes : -1);
    json_name(record, "notes");
    json_open(record, '[');
    for (int k = 0; k < step->arm_count; k++) {
        if (self->progress->failed[step->arms[k]] != NULL || warm_up_is_settled(warm_up, k))
            continue;
        struct bytes note = {0};
        bytes_format(&note,
                     "arm %s: block medians still moved by more than %g, and not without a trend, after %lld warm-up "
                     "blocks",
                     self->plan->arms[step->arms[k]].id, warm_up->tolerance, (long long)warm_up->arms[k].blocks);
        json_string(record, note.data);
        bytes_free(&note);
    }
    json_close(record, ']');
    return session_end_record(self);
}

/* How many inferences a block has, where that is known, else 0: of a fresh warm-up those of the one before it. */
static int64_t known_block_inferences(const struct session *self, const struct plan_step *step, int index)
{
    const struct step_progress *steps = self->progress->steps;
    int64_t known = steps[index].block_inferences;
    for (int k = index - 1; step->fresh && known == 0 && k >= 0; k--)
        known = steps[k].block_inferences;
    return known;
}

enum flow warm_up_step(struct session *self, const struct plan_step *step, int index)
{
    const struct latency_options *options = &self->plan->latency;
    int64_t *fixed = &self->progress->steps[index].block_inferences;
    struct warm_up state = {options->warm_up_tolerance, {{0}}};
    if (session_latency_bound_reached(self))
        return *fixed == 0 ? session_skip(self, index, BOUND_REASON) : FLOW_DONE;
    int64_t known = known_block_inferences(self, step, index);
    if (step->fresh) {
        if (session_keeps_processes(self))
            return session_skip(self, index, KEPT_REASON);
        arms_close(&self->arms, false);
    }
    self->launch = (struct launch){-1, 0, 0};
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
            if (stop_asked_of(PASS_LATENCY))
                return FLOW_PASS_STOPPED;
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
        return session_skip(self, index, "every arm of it failed");
    if (known == 0) {
        double slowest_ns = 1.0;
        for (int k = 0; k < step->arm_count; k++)
            if (self->progress->failed[step->arms[k]] == NULL && warm_up_last_median(&state, k) > slowest_ns)
                slowest_ns = warm_up_last_median(&state, k);
        double wanted = (double)options->block_target_ns / slowest_ns + 0.5;
        int64_t count =
            wanted < (double)options->block_max_inferences ? (int64_t)wanted : options->block_max_inferences;
        known = count > options->block_min_inferences ? count : options->block_min_inferences;
    }
    *fixed = known;
    self->block_inferences = *fixed;
    if (self->progress->reference_bytes == 0 && options->reference_target_ns > 0)
        self->progress->reference_bytes = reference_calibrate(options->reference_target_ns);
    return write_warm_up_done(self, step, &state);
}
