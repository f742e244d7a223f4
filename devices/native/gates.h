/* Gates: what is looked at before each block of a pass, and waited for within bounds. */
#ifndef BAKEOFF_GATES_H
#define BAKEOFF_GATES_H

#include "arms.h"
#include "gate_condition.h"
#include "machine.h"

struct gates {
    const struct plan *plan;
    struct journal *journal;
    const struct machine *machine;
    struct {
        struct gate_value *first; /* of each condition in this session, with words of its own */
        int64_t budget_ns;        /* what is left for waits in this session */
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

/* `gate`: in the shape of `harness.records.GateOutcome`, or null. */
void gate_outcome_write(struct json_writer *writer, const struct gate_outcome *outcome);
void gate_outcome_free(struct gate_outcome *outcome);

#endif
