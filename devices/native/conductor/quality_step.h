/* A quality step: one item once, its outputs kept. */
#ifndef BAKEOFF_QUALITY_STEP_H
#define BAKEOFF_QUALITY_STEP_H

#include "conductor/session.h"

enum flow quality_step(struct session *self, const struct plan_step *step);

#endif
