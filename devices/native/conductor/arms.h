/* The arms of a plan while it is walked: a worker for each, started when it is first needed. */
#ifndef BAKEOFF_ARMS_H
#define BAKEOFF_ARMS_H

#include "conductor/journal.h"
#include "conductor/progress.h"
#include "conductor/tab_workers.h"

/* How going on with a step went. What failed is on record. */
enum flow { FLOW_DONE, FLOW_ARM_FAILED, FLOW_PASS_STOPPED, FLOW_STOPPED, FLOW_UNWRITABLE };

struct arms {
    const struct plan *plan;
    struct journal *journal;
    struct progress *progress;
    const char *self;   /* path of this program */
    const char *folder; /* absolute path of the folder of the records */
    int wakeup;
    struct worker_process *workers[ARMS_MAX]; /* of a web arm that works: the holder of tabs, which they share */
    pid_t working_pids[ARMS_MAX]; /* of what infers: another one where a wrapper started it, or in a browser */
    struct tab_workers tabs;
    int bound_items[ARMS_MAX]; /* −1 for none */
    int64_t start_ns[ARMS_MAX]; /* how long an arm's last start took, its model loaded; 0 before */
};

/* What a request is made for: where a failure of it is put on record. */
struct arm_step {
    int arm;
    int64_t step;
    const char *stage;
};

/* A worker that has the model loaded. */
enum flow arms_ready(struct arms *arms, const struct arm_step *arm_step);

/* A fresh worker that has the runtime and no model. */
enum flow arms_start(struct arms *arms, const struct arm_step *arm_step);
/* Loads the model and puts that on record; `*load_ns` may be NULL. */
enum flow arms_load(struct arms *arms, const struct arm_step *arm_step, int64_t *load_ns);
enum flow arms_bind(struct arms *arms, const struct arm_step *arm_step, int item);

/* How long a block of a warm-up goes on: until its budget is spent, but for that many inferences at least. */
struct warm_up_block {
    int64_t budget_ns;
    int64_t least;
};

/* A request without members, and one for a block; NULL for one that has all its inferences however long they take. */
enum flow arms_ask(struct arms *arms, const struct arm_step *arm_step, const char *name, const struct json_value **answer);
enum flow arms_ask_block(struct arms *arms, const struct arm_step *arm_step, int64_t lead_in, int64_t count,
                         const struct warm_up_block *warm_up, const struct json_value **answer);
/* One that works for a time, which is one of its members, told in so many slices where that is not 0. */
enum flow arms_ask_for_a_time(struct arms *arms, const struct arm_step *arm_step, const char *name, const char *member,
                              int64_t duration_ns, int64_t slices, struct meanwhile *meanwhile,
                              const struct json_value **answer);
enum flow arms_ask_keep(struct arms *arms, const struct arm_step *arm_step, int item, const struct json_value **answer);

/* Process id of what infers for an arm; 0 where nothing does. */
pid_t arms_pid(const struct arms *arms, int arm);

void arms_close(struct arms *arms, bool at_once);

#endif
