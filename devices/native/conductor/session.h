/* One walk through a plan: what its steps share. */
#ifndef BAKEOFF_SESSION_H
#define BAKEOFF_SESSION_H

#include "conductor/gates.h"

struct session {
    const struct plan *plan;
    struct journal *journal;
    struct progress *progress;
    struct arms arms;
    struct machine machine;
    struct gates gates;
    struct context before, after;
    int64_t block_inferences;
    int64_t latency_begun_ns; /* −1 before the first step of the latency pass */
};

/* Puts on record that a step will not be done. */
enum flow session_skip(struct session *self, int index, const char *reason);
enum flow session_skip_for_all_arms(struct session *self, int index, const unsigned char *arms, int arm_count);

/* Ends the record that is being written. */
enum flow session_end_record(struct session *self);

/* A worker that has the model loaded and the item's inputs set. */
enum flow session_bound_arm(struct session *self, const struct arm_step *arm_step, int item);

/* Whether the latency pass, over all sessions, has used up its time; its clock starts at the first call. */
bool session_latency_bound_reached(struct session *self);

#endif
