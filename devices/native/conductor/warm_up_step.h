/* A warm-up step: blocks in turn for every arm until each is warm, within bounds; fixes the length of blocks. */
#ifndef BAKEOFF_WARM_UP_STEP_H
#define BAKEOFF_WARM_UP_STEP_H

#include "conductor/session.h"

enum flow warm_up_step(struct session *self, const struct plan_step *step, int index);

#endif
