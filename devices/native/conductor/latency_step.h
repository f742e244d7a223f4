/* A latency pair: one block of every arm, in the order of the plan. */
#ifndef BAKEOFF_LATENCY_STEP_H
#define BAKEOFF_LATENCY_STEP_H

#include "conductor/session.h"

enum flow latency_step(struct session *self, const struct plan_step *step, int index);

#endif
