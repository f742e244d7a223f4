/* Walks a plan's steps in order, from where an earlier session ended. */
#ifndef BAKEOFF_CONDUCTOR_H
#define BAKEOFF_CONDUCTOR_H

#include "platform/platform.h"

#define EXIT_USAGE 2
#define EXIT_DATA 65
#define EXIT_IO 74
#define EXIT_LOCKED 75
#define RUNNER_VERSION "1"

/* Runs the plan as far as it is not done yet. `self` is the path of this program. Returns the exit code. */
int conduct(const char *self, const char *plan_path, const char *records_path);

#endif
