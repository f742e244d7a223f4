/* LiteRT's GPU: an accelerator of the runtime's in a library of its own, which takes what it can of a graph. */
#ifndef BAKEOFF_LITERT_GPU_H
#define BAKEOFF_LITERT_GPU_H

#include "runtimes/litert_library.h"
#include "runtimes/runtime.h"

struct litert_gpu {
    const struct accelerator *accelerator;
    void *library;            /* the runtime's */
    char *folder;             /* where the accelerator's library lies, or NULL */
    struct env_option option; /* the same, as an environment takes it */
};

/* Whether an arm that asks for the GPU can have it from this library. */
bool litert_gpu_open(struct litert_gpu *gpu, const struct runtime_request *request, void *library,
                     struct failure *failure);

/* Whether an environment has found a GPU accelerator: fails by name, with those it has. */
bool litert_gpu_find(const struct litert_gpu *gpu, handle environment, struct failure *failure);

/* The arm's options as LiteRT takes them: lines of TOML. */
bool litert_gpu_options(const struct litert_gpu *gpu, struct bytes *toml, struct failure *failure);

/* Puts on record how much of a compiled model the GPU took, as far as the library says. */
void litert_gpu_record(const struct litert_gpu *gpu, handle compiled, struct runtime *runtime);

#endif
