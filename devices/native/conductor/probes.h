/* Looks through the probes of a plan: texts as they were, within bounds, or why there are none. */
#ifndef BAKEOFF_PROBES_H
#define BAKEOFF_PROBES_H

#include "json/json_writer.h"
#include "plan/plan.h"

/* What the readings of one record may take; those after that have no text. */
#define READINGS_MAX_BYTES ((size_t)64 << 20)

struct probe_look {
    int64_t begun_ns;
    int64_t took_ns;
    struct bytes text; /* as it was, at most the probe's `max_bytes` */
    char error[300];   /* empty where there is a text */
};

/* `worker` is the process that infers, or 0 for none. */
void probe_look(struct probe_look *look, const struct probe *probe, pid_t worker);
void probe_look_free(struct probe_look *look);

/* Looks through these probes and adds, as elements of a list, a `harness.documents.records.Reading` of each. */
void readings_add(struct json_writer *readings, const struct plan *plan, const struct probe_list *probes, pid_t worker);

#endif
