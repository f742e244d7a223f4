#include "conductor/warm_up.h"

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

double warm_up_median(const struct json_value *durations)
{
    if (durations == NULL || durations->kind != JSON_ARRAY || durations->count == 0)
        return 0;
    size_t count = 0, middle = durations->count / 2;
    int64_t *sorted = allocate(durations->count, sizeof *sorted);
    for (const struct json_value *element = durations->as.first; element != NULL; element = element->next)
        sorted[count++] = element->kind == JSON_INTEGER ? element->as.integer : 0;
    qsort(sorted, count, sizeof *sorted, compare);
    double median = count % 2 != 0 ? (double)sorted[middle] : ((double)sorted[middle - 1] + (double)sorted[middle]) / 2;
    free(sorted);
    return median;
}

void warm_up_take(struct warm_up *warm_up, int arm, double median_ns)
{
    double *last = warm_up->arms[arm].last;
    memmove(last + 1, last, (WARM_UP_KEPT_BLOCKS - 1) * sizeof *last);
    last[0] = median_ns;
    warm_up->arms[arm].blocks++;
}

static void bounds(const struct warm_up *warm_up, int arm, double *least, double *most, double *sum)
{
    const double *last = warm_up->arms[arm].last;
    int64_t count = warm_up->arms[arm].blocks < 3 ? warm_up->arms[arm].blocks : 3;
    *least = *most = last[0];
    *sum = 0;
    for (int64_t k = 0; k < count; k++) {
        *least = last[k] < *least ? last[k] : *least;
        *most = last[k] > *most ? last[k] : *most;
        *sum += last[k];
    }
}

/* Kendall's S against time (Kendall 1938): pairs that rise, less pairs that fall. Below 9 of the 15 pairs of six values
 * it is what chance gives in 86.4 % of cases. */
static bool shows_no_trend(const struct warm_up *warm_up, int arm)
{
    const double *last = warm_up->arms[arm].last;
    int s = 0;
    for (int later = 0; later < WARM_UP_KEPT_BLOCKS; later++)
        for (int earlier = later + 1; earlier < WARM_UP_KEPT_BLOCKS; earlier++)
            s += (last[later] > last[earlier]) - (last[later] < last[earlier]);
    return warm_up->arms[arm].blocks >= WARM_UP_KEPT_BLOCKS && s < 9 && s > -9;
}

bool warm_up_is_settled(const struct warm_up *warm_up, int arm)
{
    double least, most, sum;
    bounds(warm_up, arm, &least, &most, &sum);
    bool agree = warm_up->arms[arm].blocks >= 3 && most <= least * (1 + warm_up->tolerance);
    return agree || shows_no_trend(warm_up, arm);
}

double warm_up_last_median(const struct warm_up *warm_up, int arm)
{
    double least, most, sum;
    bounds(warm_up, arm, &least, &most, &sum);
    if (warm_up->arms[arm].blocks >= 3)
        return sum - least - most;
    return warm_up->arms[arm].blocks == 2 ? sum / 2 : sum;
}
