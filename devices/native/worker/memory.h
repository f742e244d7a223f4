/* This process's own memory, as /proc/self says it. */
#ifndef BAKEOFF_MEMORY_H
#define BAKEOFF_MEMORY_H

#include "json/json_writer.h"

/* Members `rss_bytes`, `peak_rss_bytes`, `pss_bytes` (null where /proc does not say) and `notes`. */
void memory_write(struct json_writer *writer);

/* The same of `rss_bytes`, `rss_anon_bytes` and `pss_bytes`. */
void memory_write_of_soak(struct json_writer *writer);

/* Resets the peak to the present resident size; members `reset` and `notes`. */
void memory_reset_peak(struct json_writer *writer);

#endif
