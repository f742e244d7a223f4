/* One walk through a plan: what its steps share. */
#ifndef BAKEOFF_SESSION_H
#define BAKEOFF_SESSION_H

#include "conductor/gates.h"

/* Processes are kept while the pairs in them, times the time that these took, are less than so many times what it takes
 * to start all arms. */
#define LAUNCH_COST_WEIGHT 2

/* The processes that pairs are measured in now. */
struct launch {
    int64_t number; /* the plan's launch that they were started for; −1 for none, and before their first pair */
    int64_t pairs;
    int64_t spent_ns; /* what the pairs took, without what was waited before blocks */
};

struct session {
    const struct plan *plan;
    struct journal *journal;
    struct progress *progress;
    struct arms arms;
    struct machine machine;
    struct gates gates;
    struct context before, after;
    int64_t block_inferences;
    struct launch launch;
    int64_t latency_begun_ns; /* −1 before the first step of the latency pass */
    bool rested;              /* before the first energy step of this session */
};

/* Puts on record that a step will not be done. */
enum flow session_skip(struct session *self, int index, const char *reason);
enum flow session_skip_for_all_arms(struct session *self, int index, const unsigned char *arms, int arm_count);

/* Ends the record that is being written. */
enum flow session_end_record(struct session *self);

/* A worker that has the model loaded and the item's inputs set. */
enum flow session_bound_arm(struct session *self, const struct arm_step *arm_step, int item);

/* Whether a launch goes on in the processes of the one before it, since starting costs too much. */
bool session_keeps_processes(const struct session *self);

/* Whether the latency pass, over all sessions, has used up its time; its clock starts at the first call. */
bool session_latency_bound_reached(struct session *self);

#endif
