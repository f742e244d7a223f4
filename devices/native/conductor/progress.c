#include "conductor/progress.h"

#include "platform/failure.h"

void progress_begin(struct progress *progress, const struct plan *plan)
{
    progress->plan = plan;
    progress->steps = allocate((size_t)plan->step_count, sizeof *progress->steps);
    progress->span_session = -1;
}

void progress_arm_failed(struct progress *progress, int arm, const char *error, const char *message)
{
    struct bytes why = {0}, line = {0};
    bytes_format(&why, "%s: %s", error, message);
    add_one_line(&line, why.data, 300);
    bytes_free(&why);
    free(progress->failed[arm]);
    progress->failed[arm] = line.data;
}

static void take_block(struct step_progress *step, int64_t session, int arm)
{
    struct measured *measured = step->measured;
    while (measured != NULL && measured->session != session)
        measured = measured->next;
    if (measured == NULL) {
        measured = allocate(1, sizeof *measured);
        measured->session = session;
        measured->next = step->measured;
        step->measured = measured;
    }
    measured->arms |= UINT64_C(1) << arm;
}

/* The time from the first to the last record of the latency pass, in each session. */
static void take_span(struct progress *progress, int64_t session, int64_t stamp_ns)
{
    if (session != progress->span_session) {
        progress_end(progress);
        progress->span_session = session;
        progress->span_begun_ns = stamp_ns;
    }
    progress->span_ended_ns = stamp_ns;
}

void progress_end(struct progress *progress)
{
    if (progress->span_session >= 0 && progress->span_ended_ns > progress->span_begun_ns)
        progress->latency_elapsed_ns += progress->span_ended_ns - progress->span_begun_ns;
    progress->span_session = -1;
}

void progress_take(struct progress *progress, const struct json_value *record)
{
    const char *kind = json_get_string(record, "record"), *reason = json_get_string(record, "reason");
    const char *of_pass = json_get_string(record, "of_pass");
    int64_t number = 0, session = 0, stamp_ns = 0, inferences = 0, started_ns = 0, ended_ns = 0;
    progress->finished = false;
    if (kind == NULL)
        return;
    int arm = plan_arm_index(progress->plan, json_get_string(record, "arm"));
    int index = json_get_integer(record, "step", 0, INT64_MAX, &number) ? plan_step_index(progress->plan, number) : -1;
    bool is_warm_up_done = strcmp(kind, "warm_up_done") == 0, is_block = strcmp(kind, "latency_block") == 0;
    bool has_session = json_get_integer(record, "session", 0, INT64_MAX, &session);
    if (strcmp(kind, "runner_finished") == 0)
        progress->finished = reason != NULL && (strcmp(reason, "complete") == 0 || strcmp(reason, "bound") == 0);
    if (strcmp(kind, "arm_failed") == 0 && arm >= 0) {
        const char *error = json_get_string(record, "error"), *message = json_get_string(record, "message");
        progress_arm_failed(progress, arm, error != NULL ? error : "", message != NULL ? message : "");
    }
    for (enum pass pass = PASS_LATENCY; of_pass != NULL && strcmp(kind, "pass_stopped") == 0 && pass < PASSES; pass++)
        progress->pass_stopped[pass] = progress->pass_stopped[pass] || strcmp(of_pass, pass_name(pass)) == 0;
    if (is_warm_up_done && progress->reference_bytes == 0)
        json_get_integer(record, "reference_bytes", 1, REFERENCE_MAX_BYTES, &progress->reference_bytes);
    if (index < 0 || !has_session)
        return;
    struct step_progress *step = &progress->steps[index];
    bool is_skipped = strcmp(kind, "step_skipped") == 0;
    if (is_skipped && reason != NULL && strcmp(reason, KEPT_REASON) == 0)
        return; /* these processes are gone */
    if (is_skipped || strcmp(kind, "quality_output") == 0 || strcmp(kind, "memory") == 0
        || strcmp(kind, "energy_block") == 0 || strcmp(kind, "page") == 0)
        step->done = true;
    if (strcmp(kind, "soak_window") == 0 && json_get_integer(record, "started_ns", 0, INT64_MAX, &started_ns)
        && json_get_integer(record, "ended_ns", started_ns, INT64_MAX, &ended_ns))
        progress_soaked(progress, index, ended_ns - started_ns);
    if (is_skipped && reason != NULL && strcmp(reason, BOUND_REASON) == 0)
        progress->bound_hit = true;
    if (is_warm_up_done && step->block_inferences == 0
        && json_get_integer(record, "block_inferences", 1, 10000000, &inferences))
        step->block_inferences = inferences;
    if (is_block && arm >= 0)
        take_block(step, session, arm);
    if ((is_block || is_warm_up_done || strcmp(kind, "warm_up_block") == 0)
        && json_get_integer(record, "monotonic_ns", 0, INT64_MAX, &stamp_ns))
        take_span(progress, session, stamp_ns);
}

/* Whether one session has a block of every arm of the pair that has not failed. */
static bool has_whole_pair(const struct progress *progress, int index)
{
    const struct plan_step *step = &progress->plan->steps[index];
    uint64_t live = 0;
    for (int k = 0; k < step->arm_count; k++)
        if (progress->failed[step->arms[k]] == NULL)
            live |= UINT64_C(1) << step->arms[k];
    const struct measured *measured = progress->steps[index].measured;
    while (measured != NULL && (measured->arms & live) != live)
        measured = measured->next;
    return live != 0 && measured != NULL;
}

/* Warmth does not outlive a process, so it is made anew wherever pairs remain that lean on it. */
static bool is_warm_up_done(const struct progress *progress, int index)
{
    const struct plan *plan = progress->plan;
    if (progress->steps[index].done)
        return true;
    if (progress->steps[index].block_inferences == 0 && !plan->steps[index].fresh)
        return false;
    for (int k = index + 1; k < plan->step_count && plan->steps[k].kind != STEP_WARM_UP; k++)
        if (plan->steps[k].kind == STEP_LATENCY_PAIR && !progress_is_done(progress, k))
            return false;
    return true;
}

void progress_soaked(struct progress *progress, int index, int64_t window_ns)
{
    struct step_progress *step = &progress->steps[index];
    step->soak_windows++;
    step->soaked_ns = window_ns < INT64_MAX - step->soaked_ns ? step->soaked_ns + window_ns : INT64_MAX;
}

bool progress_is_stopped(const struct progress *progress, int index)
{
    enum pass pass = pass_of_step(progress->plan->steps[index].kind);
    return pass < PASSES && progress->pass_stopped[pass];
}

bool progress_is_done(const struct progress *progress, int index)
{
    if (progress_is_stopped(progress, index))
        return true;
    switch (progress->plan->steps[index].kind) {
    case STEP_WARM_UP: return is_warm_up_done(progress, index);
    case STEP_LATENCY_PAIR: return progress->steps[index].done || has_whole_pair(progress, index);
    case STEP_SOAK:
        return progress->steps[index].done
               || progress->steps[index].soaked_ns >= progress->plan->steps[index].duration_ns;
    default: return progress->steps[index].done;
    }
}
