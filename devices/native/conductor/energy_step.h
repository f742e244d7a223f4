/* An energy step: one long block of one arm, or of idling, with readings around it and during it. */
#ifndef BAKEOFF_ENERGY_STEP_H
#define BAKEOFF_ENERGY_STEP_H

#include "conductor/session.h"

enum flow energy_step(struct session *self, const struct plan_step *step, int index);

#endif
