/* Requests to stop: a `stop` file beside the plan, SIGTERM or SIGINT; `stop-latency` and `stop-energy` for a pass. */
#ifndef BAKEOFF_STOP_H
#define BAKEOFF_STOP_H

#include "plan/plan.h"

/* From now on SIGTERM and SIGINT are requests. `folder` is that of the plan, empty or ending in a slash. Returns a
 * descriptor that becomes readable with each signal, or −1. */
int stop_listen(const char *folder);

bool stop_asked(void);

/* Of this pass alone. */
bool stop_asked_of(enum pass pass);

/* Empties the descriptor: whether there was a second signal, which does not wait for a block. */
bool stop_insisted(void);

#endif
