/* The web arms of a plan, as the conductor has them: workers that share one process, the tab holder. */
#ifndef BAKEOFF_TAB_WORKERS_H
#define BAKEOFF_TAB_WORKERS_H

#include "conductor/worker_process.h"
#include "plan/plan.h"

struct tab_workers {
    const struct plan *plan;
    const char *self;   /* path of this program */
    const char *folder; /* of the records */
    int wakeup;
    struct worker_process *holder; /* NULL while none runs */
};

/* The holder, which is started with the first web arm that works, and again after it was closed or was lost. NULL, with
 * the failure, where that cannot be done. */
struct worker_process *tab_workers_holder(struct tab_workers *tabs, int arm, struct failure *failure);

/* As `worker_ask`; where it failed the arm's frame is gone, and so are those of the arms in `gone`, a bit each, without a
 * fault of theirs. */
enum asked tab_workers_ask(struct tab_workers *tabs, int arm, struct json_writer *request, const char *name,
                           const struct lasting *lasting, const struct json_value **answer, uint64_t *gone,
                           struct failure *failure);

/* Removes an arm's frame. */
void tab_workers_close_frame(struct tab_workers *tabs, int arm);

/* Ends the holder, and every browser with it. */
void tab_workers_close(struct tab_workers *tabs);

#endif
