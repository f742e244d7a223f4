/* A soak: continuous inference of one arm in a fresh process, alone, summarised window by window. */
#ifndef BAKEOFF_SOAK_STEP_H
#define BAKEOFF_SOAK_STEP_H

#include "conductor/session.h"

enum flow soak_step(struct session *self, const struct plan_step *step, int index);

#endif
