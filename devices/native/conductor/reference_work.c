#include "conductor/reference_work.h"

#include "platform/clock.h"
#include "platform/sha256.h"

#define CHUNK_BYTES ((int64_t)1 << 16)
#define SIZE_MAX_BYTES ((int64_t)1 << 40)

static unsigned char chunk[CHUNK_BYTES]; /* zeros */

void reference_work(int64_t size_bytes, struct reference *reference)
{
    reference->size_bytes = size_bytes;
    for (int k = 0; size_bytes > 0 && k < REFERENCE_REPEATS; k++) {
        struct sha256 hash;
        char digest[65];
        int64_t begun_ns = clock_ns(), cpu_begun_ns = thread_cpu_ns();
        sha256_begin(&hash);
        for (int64_t left = size_bytes; left > 0; left -= CHUNK_BYTES)
            sha256_add(&hash, chunk, (size_t)(left < CHUNK_BYTES ? left : CHUNK_BYTES));
        sha256_end(&hash, digest);
        reference->cpu_ns[k] = thread_cpu_ns() - cpu_begun_ns;
        reference->durations_ns[k] = clock_ns() - begun_ns;
    }
}

int64_t reference_calibrate(int64_t target_ns)
{
    for (int64_t size_bytes = CHUNK_BYTES;; size_bytes *= 4) {
        struct reference reference;
        int64_t least_ns = INT64_MAX;
        reference_work(size_bytes, &reference);
        for (int k = 0; k < REFERENCE_REPEATS; k++)
            least_ns = reference.durations_ns[k] < least_ns ? reference.durations_ns[k] : least_ns;
        least_ns = least_ns > 0 ? least_ns : 1;
        if (least_ns < target_ns / 4 && size_bytes < SIZE_MAX_BYTES)
            continue;
        double chunks = (double)(size_bytes / CHUNK_BYTES) * (double)target_ns / (double)least_ns + 0.5;
        return (chunks < 1 ? 1 : chunks < (double)(SIZE_MAX_BYTES / CHUNK_BYTES) ? (int64_t)chunks
                                                                                : SIZE_MAX_BYTES / CHUNK_BYTES)
               * CHUNK_BYTES;
    }
}

static void write_repeats(struct json_writer *writer, const char *name, const struct reference *reference,
                          const int64_t took_ns[REFERENCE_REPEATS])
{
    json_name(writer, name);
    json_open(writer, '[');
    for (int k = 0; reference->size_bytes > 0 && k < REFERENCE_REPEATS; k++)
        json_integer(writer, took_ns[k]);
    json_close(writer, ']');
}

void reference_write(struct json_writer *writer, const struct reference *reference)
{
    write_repeats(writer, "reference_ns", reference, reference->durations_ns);
    write_repeats(writer, "reference_cpu_ns", reference, reference->cpu_ns);
}
