/* When an arm is warm: the medians of its last three blocks lie within a tolerance of each other, or those of its last
 * six show no trend. */
#ifndef BAKEOFF_WARM_UP_H
#define BAKEOFF_WARM_UP_H

#include "plan/plan.h"

#define WARM_UP_LEAST_INFERENCES 3
#define WARM_UP_KEPT_BLOCKS 6

struct warm_up {
    double tolerance;
    struct {
        int64_t blocks;
        double last[WARM_UP_KEPT_BLOCKS]; /* medians in nanoseconds, the newest first */
    } arms[ARMS_MAX];
};

/* Of a list of integers; 0 of an empty one. */
double warm_up_median(const struct json_value *durations);

void warm_up_take(struct warm_up *warm_up, int arm, double median_ns);
bool warm_up_is_settled(const struct warm_up *warm_up, int arm);
/* The median of an arm's last three medians, or of as many as there are. */
double warm_up_last_median(const struct warm_up *warm_up, int arm);

#endif
