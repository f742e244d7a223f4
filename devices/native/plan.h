/* plan.json as the conductor walks it. The host has validated it; here a wrong, torn or hostile file is refused. */
#ifndef BAKEOFF_PLAN_H
#define BAKEOFF_PLAN_H

#include "bytes.h"
#include "json_reader.h"

#define ARMS_MAX 64
#define SETTLE_MAX_NS INT64_C(3600000000000)

enum step_kind { STEP_UNKNOWN, STEP_QUALITY, STEP_MEMORY, STEP_WARM_UP, STEP_LATENCY_PAIR };

struct plan_arm {
    const char *id;
    const char *model;
    const char *runtime;
    const char *runtime_version;
    const struct json_value *accelerator;         /* text, or NULL for the CPU */
    const struct json_value *accelerator_options; /* may be NULL, as what follows */
    const struct json_value *accelerator_library;
    const struct json_value *cores;
    const char *library;                   /* NULL where the plan names none */
    const struct json_value *worker;       /* argv prefix of a worker; empty for this program itself */
    const struct json_value *input_shapes; /* may be NULL */
    int64_t threads;
};

struct plan_item {
    const char *id;
    const struct json_value *inputs; /* arm id → list of files */
};

struct plan_step {
    int64_t number;
    enum step_kind kind;
    const char *kind_name;
    int arm; /* of a quality or memory step; −1 in others */
    int item;
    int64_t repeat;
    int64_t inferences;
    int64_t pair;
    unsigned char *arms; /* of a warm-up, or in a pair's order */
    int arm_count;
};

struct latency_options {
    int64_t block_target_ns;
    int64_t block_min_inferences;
    int64_t block_max_inferences;
    int64_t lead_in_inferences;
    int64_t settle_ns;
    int64_t warm_up_min_blocks;
    int64_t warm_up_max_blocks;
    double warm_up_tolerance;
    int64_t max_ns;
};

struct plan {
    const char *run_id;
    struct plan_arm *arms;
    int arm_count;
    struct plan_item *items;
    int item_count;
    struct plan_step *steps;
    int step_count;
    int step_room; /* steps there is memory for */
    struct latency_options latency;
    int64_t step_timeout_ns;
};

/* False, with one line in `problem`, for what cannot be used. The plan's texts live as long as the process. */
bool plan_read(const char *path, struct plan *plan, struct bytes *problem);

/* The same from memory, parsed in place; the plan points into `text` and `document`. */
bool plan_parse(const char *path, char *text, size_t length, struct json_document *document, struct plan *plan,
                struct bytes *problem);

/* Frees what reading allocated, also where it failed. */
void plan_release(struct plan *plan);

/* Index of the arm of that id, or −1. */
int plan_arm_index(const struct plan *plan, const char *id);

/* Index of the step of that number, or −1. */
int plan_step_index(const struct plan *plan, int64_t number);

#endif
