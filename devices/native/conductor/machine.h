/* The state of the machine, as far as it can be read without root. */
#ifndef BAKEOFF_MACHINE_H
#define BAKEOFF_MACHINE_H

#include "json/json_writer.h"

#define CPUS_MAX 256
#define ZONES_MAX 128

/* Files of /proc and /sys that are kept open and read anew each time: microseconds instead of a path look-up. */
struct machine {
    int load;
    int memory;
    int stat;
    char boot_id[64];
    int frequencies[CPUS_MAX];
    int frequency_count;
    int governors[CPUS_MAX];
    int governor_count;
    struct {
        char *name;
        int file;
    } zones[ZONES_MAX];
    int zone_count;
};

/* One snapshot: what cannot be read is negative, or empty. */
struct context {
    int64_t monotonic_ns;
    double load_1min;
    int64_t memory_available_bytes;
    int64_t cpu_busy_ticks;
    int64_t cpu_total_ticks;
    int64_t frequencies_khz[CPUS_MAX];
    int frequency_count; /* 0 where one of them cannot be read */
    char governor[256];
    bool tells_suspension;
    int64_t suspended_ns;
    int64_t zone_millidegrees[ZONES_MAX]; /* INT64_MIN where it cannot be read */
};

/* Ticks of all CPUs since boot, and how many CPUs there are now. */
struct cpu_ticks {
    int64_t busy;
    int64_t total;
    int cpus;
};

/* `root` is "" but in tests. */
void machine_open(struct machine *machine, const char *root);
void machine_read(const struct machine *machine, struct context *context);

/* False where the machine does not count them. */
bool machine_read_ticks(const struct machine *machine, struct cpu_ticks *ticks);

/* In the shape of `harness.documents.records.Context`. */
void context_write(struct json_writer *writer, const char *name, const struct machine *machine,
                   const struct context *context);

#endif
