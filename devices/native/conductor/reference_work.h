/* A fixed work of the runner's own: where it takes longer than it did, the device is slower than it was. */
#ifndef BAKEOFF_REFERENCE_WORK_H
#define BAKEOFF_REFERENCE_WORK_H

#include "json/json_writer.h"

#define REFERENCE_REPEATS 3

/* What each repeat took: on the clock, and of the CPU. Where the latter grows, the device slows down; where the former
 * alone does, other programs take the core. */
struct reference {
    int64_t size_bytes; /* 0 where no work was done */
    int64_t durations_ns[REFERENCE_REPEATS];
    int64_t cpu_ns[REFERENCE_REPEATS];
};

/* SHA-256 over so many bytes, several times; nothing where that is 0. */
void reference_work(int64_t size_bytes, struct reference *reference);

/* The size with which that takes about this long now. */
int64_t reference_calibrate(int64_t target_ns);

/* `reference_ns` and `reference_cpu_ns`: empty lists where no work was done. */
void reference_write(struct json_writer *writer, const struct reference *reference);

#endif
