/* plan.json as the conductor walks it. The host has validated it; here a wrong, torn or hostile file is refused. */
#ifndef BAKEOFF_PLAN_H
#define BAKEOFF_PLAN_H

#include "platform/bytes.h"
#include "json/json_reader.h"

#define ARMS_MAX 64
#define SETTLE_MAX_NS INT64_C(3600000000000)

enum step_kind {
    STEP_UNKNOWN,
    STEP_QUALITY,
    STEP_MEMORY,
    STEP_WARM_UP,
    STEP_LATENCY_PAIR,
    STEP_ENERGY,
    STEP_PAGE,
    STEP_SOAK
};

/* The passes that have gates; the other kinds of steps belong to none of them. */
enum pass { PASS_LATENCY, PASS_MEMORY, PASS_ENERGY, PASSES, PASS_NONE = PASSES };

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
    const struct json_value *web;          /* what a browser's tab is given for it; NULL of an arm that needs none */
    const struct json_value *entry;        /* all of this */
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
    int arm; /* of a quality, memory, energy, page or soak step; −1 in others, and where the device idles */
    int item;
    int64_t repeat;
    int64_t inferences;
    int64_t pair;
    int64_t launch; /* −1 for none */
    bool fresh;     /* of a warm-up: of new workers */
    int64_t cycle;
    int64_t position;
    int64_t duration_ns;
    int64_t window_ns;
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
    int64_t warm_up_again_ns; /* of a block of a fresh warm-up; 0: as of others */
    int64_t launch_pairs_most; /* in processes that are kept since starting costs too much; 0: they never are */
    double warm_up_tolerance;
    int64_t max_ns;
    int64_t reference_target_ns; /* 0: no fixed work is done */
};

struct probe {
    const char *id;
    const char *path;              /* of a file; NULL of a command */
    const struct json_value *argv; /* of a command: at least one string */
    int64_t max_bytes;
    int64_t timeout_ns;
};

struct probe_list {
    int *probes; /* indices */
    int count;
};

enum bound { BOUND_AT_MOST, BOUND_AT_LEAST, BOUND_RISE, BOUND_SAME, BOUND_NONE_OF };

struct gate_condition {
    const char *id;
    int probe;
    const char *after;
    double scale;
    enum bound bound;
    double limit;                     /* of the first three bounds */
    bool first_at_start;              /* the first value is read as the session starts */
    const struct json_value *none_of; /* of the last: strings */
    int64_t max_wait_ns;              /* of its own; negative: the gate's */
    int64_t budget_ns;                /* of its own in one session, where it has a max_wait_ns */
};

/* What is looked at before each block of a pass. */
struct gate_rules {
    bool given;
    struct gate_condition *conditions;
    int condition_count;
    bool bounds_others;
    double others_busy_cores_at_most;
    int64_t poll_ns;
    int64_t max_wait_ns;
    int64_t budget_ns;
};

struct energy_options {
    int64_t lead_in_ns;
    int64_t rest_ns; /* before the first energy step of a session */
    int64_t slices;  /* in which a block of an arm is told; 0: only as a whole */
    struct probe_list boundary;
    struct probe_list sampled;
    int64_t sample_every_ns;
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
    struct probe *probes;
    int probe_count;
    struct gate_rules gates[PASSES];
    struct energy_options energy;
    struct probe_list memory_probes;
    struct probe_list soak_probes;
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

/* Such as `latency`. */
const char *pass_name(enum pass pass);
enum pass pass_of_step(enum step_kind kind);

#endif
