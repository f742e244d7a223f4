/* What reading a plan is made of: one file for its members of any kind, one for its arms and items, one each for its
 * steps, probes and gates. */
#ifndef BAKEOFF_PLAN_READING_H
#define BAKEOFF_PLAN_READING_H

#include "plan/plan.h"

#define INFERENCES_MAX 10000000
#define SLICES_MAX 1000
#define REFERENCE_TARGET_MAX_NS INT64_C(60000000000)
/* Sums of a few of these and of a clock are still numbers of 64 bits. */
#define DURATION_MAX_NS (INT64_MAX / 8)

struct reading {
    const char *path;
    struct plan *plan;
    struct bytes *problem;
};

/* A member that need not be there. */
struct optional_integer {
    const char *name;
    int64_t least, most, otherwise;
    int64_t *value;
};

/* Always false, so that a function can `return refuse(...)`. The first problem is the one that is said. */
__attribute__((format(printf, 2, 3))) bool refuse(const struct reading *reading, const char *format, ...);
bool refuse_key(const struct reading *reading, const char *where, const char *key);

/* The member, or NULL where it is no list. */
const struct json_value *list_of(const struct json_value *object, const char *name);
bool is_list_of_strings(const struct json_value *list);

/* Whether a member is a finite number; if so it is in `*value`. */
bool read_number(const struct json_value *object, const char *name, double *value);
bool read_optional_integers(const struct reading *reading, const struct json_value *object, const char *where,
                            const struct optional_integer *members, size_t count);

bool read_steps(struct reading *reading, const struct json_value *list);
/* The probes, and every list that names some: those of energy blocks, memory steps and soaks. */
bool read_probes(struct reading *reading, const struct json_value *root);
/* After the probes. `gates` may be NULL. */
bool read_gates(struct reading *reading, const struct json_value *gates);

/* Whether an id is a letter and then letters, digits and underscores, none of them a capital. */
bool is_name(const char *id);
/* Index of the probe of that id, or −1. */
int probe_index(const struct plan *plan, const char *id);

#endif
