#include "worker/histogram.h"

#define STEP 1.01

void histogram_clear(struct histogram *histogram)
{
    double least_ns = 1;
    for (int k = 0; k < HISTOGRAM_STEPS; k++, least_ns *= STEP) {
        histogram->least_ns[k] = least_ns;
        histogram->counts[k] = 0;
    }
    histogram->total = 0;
    histogram->min_ns = INT64_MAX;
    histogram->max_ns = 0;
}

void histogram_add(struct histogram *histogram, int64_t latency_ns)
{
    /* The last step that begins at or below it. */
    int low = 0, high = HISTOGRAM_STEPS;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (histogram->least_ns[middle] <= (double)latency_ns)
            low = middle;
        else
            high = middle;
    }
    histogram->counts[low]++;
    histogram->total++;
    histogram->min_ns = latency_ns < histogram->min_ns ? latency_ns : histogram->min_ns;
    histogram->max_ns = latency_ns > histogram->max_ns ? latency_ns : histogram->max_ns;
}

int64_t histogram_quantile_ns(const struct histogram *histogram, double share)
{
    int64_t counted = 0;
    for (int k = 0; k < HISTOGRAM_STEPS; k++) {
        counted += histogram->counts[k];
        if (counted == 0 || (double)counted < share * (double)histogram->total)
            continue;
        int64_t middle_ns = (int64_t)(histogram->least_ns[k] * (1 + (STEP - 1) / 2) + 0.5);
        if (middle_ns < histogram->min_ns)
            return histogram->min_ns;
        return middle_ns > histogram->max_ns ? histogram->max_ns : middle_ns;
    }
    return 0;
}

void histogram_write(struct json_writer *writer, const struct histogram *histogram)
{
    json_integer_member(writer, "inferences", histogram->total);
    json_integer_member(writer, "latency_p50_ns", histogram_quantile_ns(histogram, 0.5));
    json_integer_member(writer, "latency_p90_ns", histogram_quantile_ns(histogram, 0.9));
    json_integer_member(writer, "latency_p99_ns", histogram_quantile_ns(histogram, 0.99));
    json_integer_member(writer, "latency_min_ns", histogram->total != 0 ? histogram->min_ns : 0);
    json_integer_member(writer, "latency_max_ns", histogram->max_ns);
}
