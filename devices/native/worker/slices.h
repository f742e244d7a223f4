/* The parts of equal length of a long block: how many inferences began in each, and how long they took. They are cut at
 * the ends of inferences; the last part ends with the block. */
#ifndef BAKEOFF_SLICES_H
#define BAKEOFF_SLICES_H

#include "platform/bytes.h"

#define SLICES_MAX 1000

struct slices {
    int64_t *inferences, *lasted_ns;
    int64_t count; /* to be given; the rest is zero until the block begins */
    int64_t at, length_ns, before, cut_ns;
    int64_t until_ns; /* when the part is over; of the last one never */
};

void slices_begin(struct slices *slices, int64_t started_ns, int64_t duration_ns);

/* A part is over with this inference, counted from the block's begin. */
void slices_end_one(struct slices *slices, int64_t inferences, int64_t started_ns, int64_t ended_ns);

/* The block is over; not for a block without parts. */
void slices_close(struct slices *slices, int64_t inferences, int64_t ended_ns);

void slices_free(struct slices *slices);

#endif
