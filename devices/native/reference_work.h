/* A fixed work of the runner's own: where it takes longer than it did, the device is slower than it was. */
#ifndef BAKEOFF_REFERENCE_WORK_H
#define BAKEOFF_REFERENCE_WORK_H

#include "json_writer.h"

#define REFERENCE_REPEATS 3

/* SHA-256 over so many bytes, several times; nothing where that is 0. */
void reference_work(int64_t size_bytes, int64_t durations_ns[REFERENCE_REPEATS]);

/* The size with which that takes about this long now. */
int64_t reference_calibrate(int64_t target_ns);

/* `reference_ns`: the durations, or an empty list where the size is 0 and no work was done. */
void reference_write(struct json_writer *writer, int64_t size_bytes, const int64_t durations_ns[REFERENCE_REPEATS]);

#endif
