/* A worker's inferences: a block of them one by one, for a time without keeping latencies, and a window of a soak.
 *
 * Each takes the members of its request and writes those of its answer, or fails. Inputs must be bound. */
#ifndef BAKEOFF_INFERENCES_H
#define BAKEOFF_INFERENCES_H

#include "runtimes/runtime.h"

/* Lead-in and timed inferences; with a budget, ends after it once a minimum of inferences is there. */
bool inferences_block(struct runtime *runtime, const struct json_value *request, struct json_writer *writer,
                      struct failure *failure);

/* At least one, for `duration_ns` or a little longer; start and end by both clocks, and inferences and durations of its
 * `slices`. */
bool inferences_for_a_time(struct runtime *runtime, const struct json_value *request, struct json_writer *writer,
                           struct failure *failure);

/* For `window_ns`; a summary of the latencies, and then the sizes of this process. */
bool inferences_of_soak(struct runtime *runtime, const struct json_value *request, struct json_writer *writer,
                        struct failure *failure);

#endif
