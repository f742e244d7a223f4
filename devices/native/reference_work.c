#include "reference_work.h"

#include "clock.h"
#include "sha256.h"

#define CHUNK_BYTES ((int64_t)1 << 16)
#define SIZE_MAX_BYTES ((int64_t)1 << 40)

static unsigned char chunk[CHUNK_BYTES]; /* zeros */

void reference_work(int64_t size_bytes, int64_t durations_ns[REFERENCE_REPEATS])
{
    for (int k = 0; size_bytes > 0 && k < REFERENCE_REPEATS; k++) {
        struct sha256 hash;
        char digest[65];
        int64_t begun_ns = clock_ns();
        sha256_begin(&hash);
        for (int64_t left = size_bytes; left > 0; left -= CHUNK_BYTES)
            sha256_add(&hash, chunk, (size_t)(left < CHUNK_BYTES ? left : CHUNK_BYTES));
        sha256_end(&hash, digest);
        durations_ns[k] = clock_ns() - begun_ns;
    }
}

int64_t reference_calibrate(int64_t target_ns)
{
    for (int64_t size_bytes = CHUNK_BYTES;; size_bytes *= 4) {
        int64_t durations_ns[REFERENCE_REPEATS], least_ns = INT64_MAX;
        reference_work(size_bytes, durations_ns);
        for (int k = 0; k < REFERENCE_REPEATS; k++)
            least_ns = durations_ns[k] < least_ns ? durations_ns[k] : least_ns;
        least_ns = least_ns > 0 ? least_ns : 1;
        if (least_ns < target_ns / 4 && size_bytes < SIZE_MAX_BYTES)
            continue;
        double chunks = (double)(size_bytes / CHUNK_BYTES) * (double)target_ns / (double)least_ns + 0.5;
        return (chunks < 1 ? 1 : chunks < (double)(SIZE_MAX_BYTES / CHUNK_BYTES) ? (int64_t)chunks
                                                                                : SIZE_MAX_BYTES / CHUNK_BYTES)
               * CHUNK_BYTES;
    }
}

void reference_write(struct json_writer *writer, int64_t size_bytes, const int64_t durations_ns[REFERENCE_REPEATS])
{
    json_name(writer, "reference_ns");
    json_open(writer, '[');
    for (int k = 0; size_bytes > 0 && k < REFERENCE_REPEATS; k++)
        json_integer(writer, durations_ns[k]);
    json_close(writer, ']');
}
