/* Gates: what is looked at before each block of a pass, and waited for within bounds. */
#ifndef BAKEOFF_GATES_H
#define BAKEOFF_GATES_H

#include "conductor/arms.h"
#include "conductor/gate_condition.h"
#include "conductor/machine.h"

/* What is known of a condition in this session. */
struct condition_gate {
    struct gate_value first; /* with words of its own */
    bool failed;             /* at the last look */
    bool waited_for;         /* for the sake of its own bounds, where it has any: */
    int64_t budget_ns;
    int64_t left_ns;
};

struct gates {
    const struct plan *plan;
    struct journal *journal;
    const struct machine *machine;
    struct pass_gate {
        struct condition_gate *conditions;
        bool others_failed; /* at the last look: the load of others */
        int64_t budget_ns;  /* what is left for waits in this session */
        int64_t left_ns;    /* before this block */
    } passes[PASSES];
};

/* One look, and how long was waited before it. */
struct gate_outcome {
    bool given; /* whether the pass has a gate */
    int64_t waited_ns;
    struct json_writer values; /* members of an object */
    struct json_writer failed; /* elements of a list */
};

void gates_begin(struct gates *gates, const struct plan *plan, struct journal *journal, const struct machine *machine);

/* The pause before a block, and the gate of its pass where it has one. `worker` is the process that infers, or 0.
 * FLOW_DONE also where the gate did not hold; a stop ends it at once. */
enum flow gates_settle(struct gates *gates, enum pass pass, int64_t step, int64_t pause_ns, pid_t worker,
                       struct gate_outcome *outcome);

/* `gate`: in the shape of `harness.documents.records.GateOutcome`, or null. */
void gate_outcome_write(struct json_writer *writer, const struct gate_outcome *outcome);
void gate_outcome_free(struct gate_outcome *outcome);

#endif
