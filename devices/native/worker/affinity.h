/* The cores that a worker may run on: set before its runtime makes threads, which inherit it. */
#ifndef BAKEOFF_AFFINITY_H
#define BAKEOFF_AFFINITY_H

#include "platform/failure.h"
#include "json/json_writer.h"

#define CORES_MAX 1024

struct affinity {
    unsigned char asked[CORES_MAX]; /* 1 for a core that was asked for */
    bool is_asked;
    char problem[100]; /* why the kernel refused, or empty */
};

/* Asks the kernel for the cores that a request names; none named, nothing is asked. False for what is no list of
 * cores. A kernel that refuses is no failure: what was got is on record. */
bool affinity_set(struct affinity *affinity, const struct json_value *cores, struct failure *failure);

/* Members `cores_asked` and `cores`: those that the threads of this process may use now, all taken together. Null where
 * nothing was asked. */
void affinity_write(struct json_writer *writer, const struct affinity *affinity);

#endif
