/* The worker: answers the conductor's requests, a JSON line in and a JSON line out, until stdin ends. */
#ifndef BAKEOFF_WORKER_H
#define BAKEOFF_WORKER_H

#include "runtimes/accelerator.h"


int work(void);

/* Prints a model's inputs and outputs as one JSON object; on failure one with `error` and `message`. */
int describe_model(const char *model, const char *runtime, const char *library, const struct accelerator *accelerator,
                   int threads);

#endif
