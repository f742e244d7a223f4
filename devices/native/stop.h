/* Requests to stop: a `stop` file beside the plan, SIGTERM or SIGINT. */
#ifndef BAKEOFF_STOP_H
#define BAKEOFF_STOP_H

#include "platform.h"

/* From now on SIGTERM and SIGINT are requests. `stop_file` must stay. Returns a descriptor that becomes readable with
 * each signal, or −1. */
int stop_listen(const char *stop_file);

bool stop_asked(void);

/* Called when the descriptor is readable: whether this was a second signal, which does not wait for a block. */
bool stop_insisted(void);

#endif
