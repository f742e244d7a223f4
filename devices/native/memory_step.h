/* A memory step: a fresh worker of one arm, alone on the machine; load, first inference, more inferences. */
#ifndef BAKEOFF_MEMORY_STEP_H
#define BAKEOFF_MEMORY_STEP_H

#include "arms.h"

enum flow memory_step(struct arms *arms, const struct plan_step *step);

#endif
