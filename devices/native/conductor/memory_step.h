/* A memory step: a fresh worker of one arm, alone on the machine; load, first inference, more inferences. */
#ifndef BAKEOFF_MEMORY_STEP_H
#define BAKEOFF_MEMORY_STEP_H

#include "conductor/session.h"

enum flow memory_step(struct session *self, const struct plan_step *step);

#endif
