#include "worker/slices.h"

void slices_begin(struct slices *slices, int64_t started_ns, int64_t duration_ns)
{
    slices->inferences = allocate((size_t)slices->count, sizeof *slices->inferences);
    slices->lasted_ns = allocate((size_t)slices->count, sizeof *slices->lasted_ns);
    slices->length_ns = slices->count != 0 && duration_ns >= slices->count ? duration_ns / slices->count : 1;
    slices->cut_ns = started_ns;
    slices->until_ns = slices->count > 1 ? started_ns + slices->length_ns : INT64_MAX;
}

void slices_close(struct slices *slices, int64_t inferences, int64_t ended_ns)
{
    slices->inferences[slices->at] += inferences - slices->before;
    slices->lasted_ns[slices->at] += ended_ns - slices->cut_ns;
    slices->before = inferences;
    slices->cut_ns = ended_ns;
}

void slices_end_one(struct slices *slices, int64_t inferences, int64_t started_ns, int64_t ended_ns)
{
    int64_t last = slices->count - 1;
    slices_close(slices, inferences, ended_ns);
    slices->at = (ended_ns - started_ns) / slices->length_ns;
    slices->at = slices->at < last ? slices->at : last;
    slices->until_ns = slices->at < last ? started_ns + (slices->at + 1) * slices->length_ns : INT64_MAX;
}

void slices_free(struct slices *slices)
{
    free(slices->inferences);
    free(slices->lasted_ns);
}
