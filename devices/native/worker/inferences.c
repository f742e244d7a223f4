#include "worker/inferences.h"

#include "platform/clock.h"
#include "worker/histogram.h"
#include "worker/memory.h"
#include "worker/slices.h"

#define INFERENCES_MAX 10000000
#define WARM_UP_BLOCK_MIN_INFERENCES 3

/* One call, timed. What it made is freed outside the timed region. */
static bool timed_inference(struct runtime *runtime, int64_t *latency_ns, struct failure *failure)
{
    int64_t begun_ns = clock_ns();
    bool well = runtime->infer(runtime);
    *latency_ns = clock_ns() - begun_ns;
    if (!well)
        runtime->infer_failed(runtime, failure);
    runtime->release(runtime);
    return well;
}

static bool timed_inferences(struct runtime *runtime, int64_t *latency_ns, int64_t count, struct failure *failure)
{
    for (int64_t k = 0; k < count; k++)
        if (!timed_inference(runtime, &latency_ns[k], failure))
            return false;
    return true;
}

static void write_integers(struct json_writer *writer, const char *name, const int64_t *integers, int64_t count)
{
    json_name(writer, name);
    json_open(writer, '[');
    for (int64_t k = 0; k < count; k++)
        json_integer(writer, integers[k]);
    json_close(writer, ']');
}

bool inferences_block(struct runtime *runtime, const struct json_value *request, struct json_writer *writer,
                      struct failure *failure)
{
    int64_t lead_in = 0, count = 0, budget_ns = -1, done = 0, least = WARM_UP_BLOCK_MIN_INFERENCES;
    if (!json_get_integer(request, "lead_in", 0, INFERENCES_MAX, &lead_in)
        || !json_get_integer(request, "count", 1, INFERENCES_MAX, &count))
        return fail(failure, "ValueError", "a request for a block comes without its counts");
    bool bounded = json_get_integer(request, "budget_ns", 0, INT64_MAX, &budget_ns);
    int64_t *lead_in_ns = allocate((size_t)lead_in, sizeof *lead_in_ns);
    int64_t *latency_ns = allocate((size_t)count, sizeof *latency_ns);
    int64_t cpu_begun_ns = cpu_ns();
    bool good = timed_inferences(runtime, lead_in_ns, lead_in, failure);
    int64_t started_ns = clock_ns();
    if (bounded) {
        json_get_integer(request, "least", 1, INFERENCES_MAX, &least);
        least = count < least ? count : least;
        good = good && timed_inferences(runtime, latency_ns, least, failure);
        for (done = least; good && done < count && clock_ns() - started_ns < budget_ns; done++)
            good = timed_inferences(runtime, latency_ns + done, 1, failure);
    } else {
        good = good && timed_inferences(runtime, latency_ns, count, failure);
        done = count;
    }
    int64_t ended_ns = clock_ns(), used_ns = cpu_ns() - cpu_begun_ns;
    if (good) {
        write_integers(writer, "lead_in_ns", lead_in_ns, lead_in);
        write_integers(writer, "latency_ns", latency_ns, done);
        json_integer_member(writer, "started_ns", started_ns);
        json_integer_member(writer, "ended_ns", ended_ns);
        json_integer_member(writer, "cpu_ns", used_ns);
    }
    free(lead_in_ns);
    free(latency_ns);
    return good;
}

static bool infer_for(struct runtime *runtime, int64_t duration_ns, int64_t started_ns, struct slices *slices,
                      int64_t *inferences, int64_t *ended_ns, struct failure *failure)
{
    for (*ended_ns = started_ns; *ended_ns - started_ns < duration_ns;) {
        bool well = runtime->infer(runtime);
        if (!well)
            runtime->infer_failed(runtime, failure);
        runtime->release(runtime);
        if (!well)
            return false;
        ++*inferences;
        *ended_ns = clock_ns();
        if (*ended_ns >= slices->until_ns)
            slices_end_one(slices, *inferences, started_ns, *ended_ns);
    }
    if (slices->count != 0)
        slices_close(slices, *inferences, *ended_ns);
    return true;
}

bool inferences_for_a_time(struct runtime *runtime, const struct json_value *request, struct json_writer *writer,
                           struct failure *failure)
{
    int64_t duration_ns = 0, inferences = 0, ended_ns;
    struct slices slices = {0};
    if (!json_get_integer(request, "duration_ns", 0, INT64_MAX / 2, &duration_ns))
        return fail(failure, "ValueError", "a request to infer for a time comes without it");
    if (json_get(request, "slices") != NULL && !json_get_integer(request, "slices", 0, SLICES_MAX, &slices.count))
        return fail(failure, "ValueError", "a request to infer for a time comes with more slices than %d", SLICES_MAX);
    int64_t wall_started_ns = wall_ns(), started_ns = clock_ns();
    slices_begin(&slices, started_ns, duration_ns);
    if (!infer_for(runtime, duration_ns, started_ns, &slices, &inferences, &ended_ns, failure)) {
        slices_free(&slices);
        return false;
    }
    int64_t wall_ended_ns = wall_ns();
    json_integer_member(writer, "inferences", inferences);
    json_integer_member(writer, "started_ns", started_ns);
    json_integer_member(writer, "ended_ns", ended_ns);
    json_integer_member(writer, "wall_started_ns", wall_started_ns);
    json_integer_member(writer, "wall_ended_ns", wall_ended_ns);
    write_integers(writer, "slice_inferences", slices.inferences, slices.count);
    write_integers(writer, "slice_ns", slices.lasted_ns, slices.count);
    slices_free(&slices);
    return true;
}

bool inferences_of_soak(struct runtime *runtime, const struct json_value *request, struct json_writer *writer,
                        struct failure *failure)
{
    static struct histogram *histogram;
    int64_t window_ns = 0, latency_ns;
    if (!json_get_integer(request, "window_ns", 1, INT64_MAX / 2, &window_ns))
        return fail(failure, "ValueError", "a request to soak comes without its window");
    if (histogram == NULL)
        histogram = allocate(1, sizeof *histogram);
    histogram_clear(histogram);
    int64_t cpu_begun_ns = cpu_ns(), started_ns = clock_ns(), ended_ns = started_ns;
    for (; ended_ns - started_ns < window_ns; ended_ns = clock_ns()) {
        if (!timed_inference(runtime, &latency_ns, failure))
            return false;
        histogram_add(histogram, latency_ns);
    }
    int64_t used_ns = cpu_ns() - cpu_begun_ns;
    json_integer_member(writer, "started_ns", started_ns);
    json_integer_member(writer, "ended_ns", ended_ns);
    json_integer_member(writer, "cpu_ns", used_ns);
    histogram_write(writer, histogram);
    memory_write_of_soak(writer);
    return true;
}
