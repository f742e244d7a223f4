/* How this program is started once more, as a worker. */
#ifndef BAKEOFF_WORKER_ARGV_H
#define BAKEOFF_WORKER_ARGV_H

#include "plan/plan.h"

/* The plan's argv of an arm's worker, or this program itself, and the option. */
char **worker_argv(const char *self, const struct plan_arm *arm, const char *option);
void worker_argv_free(char **argv);

#endif
