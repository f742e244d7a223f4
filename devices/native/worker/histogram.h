/* Latencies counted in steps of 1 %, in memory that is taken once: what a soak looks for is memory that grows. */
#ifndef BAKEOFF_HISTOGRAM_H
#define BAKEOFF_HISTOGRAM_H

#include "json/json_writer.h"

/* 1.01 to this power is 1.1e14 ns, more than a day. */
#define HISTOGRAM_STEPS 3250

struct histogram {
    double least_ns[HISTOGRAM_STEPS]; /* of each step: powers of 1.01 */
    int64_t counts[HISTOGRAM_STEPS];
    int64_t total;
    int64_t min_ns;
    int64_t max_ns;
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, int64_t latency_ns);

/* The middle of the step at or below which this share lies, within what was seen; 0 where nothing was. */
int64_t histogram_quantile_ns(const struct histogram *histogram, double share);

/* Members `inferences`, `latency_p50_ns`, `latency_p90_ns`, `latency_p99_ns`, `latency_min_ns`, `latency_max_ns`. */
void histogram_write(struct json_writer *writer, const struct histogram *histogram);

#endif
