/* A page step: a fresh tab of one web arm, whose page keeps animating while it infers. */
#ifndef BAKEOFF_PAGE_STEP_H
#define BAKEOFF_PAGE_STEP_H

#include "conductor/session.h"

enum flow page_step(struct session *self, const struct plan_step *step);

#endif
