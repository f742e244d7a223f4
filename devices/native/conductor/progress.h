/* What records say is done. */
#ifndef BAKEOFF_PROGRESS_H
#define BAKEOFF_PROGRESS_H

#include "plan/plan.h"

/* As much as the fixed work may take, in any record that is believed. */
#define REFERENCE_MAX_BYTES ((int64_t)1 << 46)
#define KEPT_REASON "starting every arm anew takes longer here than it tells: the processes stay"
#define BOUND_REASON "the latency pass reached its bound of latency.max_ns"

/* The arms that had a block of one pair in one session. */
struct measured {
    int64_t session;
    uint64_t arms;
    struct measured *next;
};

struct step_progress {
    bool done;
    int64_t block_inferences; /* of a warm-up that fixed it; 0 before */
    struct measured *measured;
    int64_t soak_windows;
    int64_t soaked_ns;
};

struct progress {
    const struct plan *plan;
    struct step_progress *steps;
    char *failed[ARMS_MAX]; /* why the arm failed, or NULL */
    bool bound_hit;
    bool pass_stopped[PASSES];
    int64_t reference_bytes; /* of the fixed work; 0 before it is calibrated */
    bool finished; /* the last record says that nothing is left to do */
    int64_t latency_elapsed_ns;
    int64_t span_session; /* the session whose records of the latency pass are being read, or −1 */
    int64_t span_begun_ns;
    int64_t span_ended_ns;
};

void progress_begin(struct progress *progress, const struct plan *plan);
/* Takes in one record of an earlier session, whatever it has in it. */
void progress_take(struct progress *progress, const struct json_value *record);
/* After the last of them. */
void progress_end(struct progress *progress);

/* Whether nothing is left to do in a step. */
bool progress_is_done(const struct progress *progress, int step);

/* Whether the pass of a step was ended, by this session or an earlier one. */
bool progress_is_stopped(const struct progress *progress, int step);

/* One more window of a soak. */
void progress_soaked(struct progress *progress, int step, int64_t window_ns);

void progress_arm_failed(struct progress *progress, int arm, const char *error, const char *message);

#endif
