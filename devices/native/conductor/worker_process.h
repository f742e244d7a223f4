/* One arm's process, seen from the conductor: a request goes down its stdin as a JSON line, the answer comes back on
 * its stdout. */
#ifndef BAKEOFF_WORKER_PROCESS_H
#define BAKEOFF_WORKER_PROCESS_H

#include "platform/failure.h"
#include "json/json_writer.h"
#include "conductor/meanwhile.h"

struct worker_process {
    pid_t pid; /* also of its process group */
    int requests;
    int replies;
    int log; /* a file without a name that is its stderr; −1 once closed */
    int64_t log_seen;
    struct bytes log_tail;
    int64_t timeout_ns;
    int wakeup; /* readable with each signal to the runner */
    struct bytes received;
    struct bytes reply_text;
    struct json_document reply;
};

enum asked { ASKED_ANSWERED, ASKED_FAILED, ASKED_STOPPED };

/* Starts it. NULL, with the failure, where that cannot be done. */
struct worker_process *worker_start(char *const argv[], const char *folder, int wakeup, int64_t timeout_ns,
                                    struct failure *failure);

/* A request that is to last: so much longer may its answer take, and `meanwhile`, unless it is NULL, is done. */
struct lasting {
    int64_t lasts_ns;
    struct meanwhile *meanwhile;
};

/* Sends one request and waits so long for its answer, which may be one of an error and is valid until the next request.
 * Where the process ended or fell silent it is gone, and its memory too. ASKED_STOPPED: a second signal came first. */
enum asked worker_exchange(struct worker_process *worker, struct json_writer *request, const char *name,
                           int64_t waits_ns, struct meanwhile *meanwhile, const struct json_value **answer,
                           struct failure *failure);

/* Sends one request and waits for its answer, which is valid until the next request. Where it raised, crashed or fell
 * silent the worker is gone, and its memory too. ASKED_STOPPED: a second signal came first. */
enum asked worker_ask(struct worker_process *worker, struct json_writer *request, const char *name,
                      const struct lasting *lasting, const struct json_value **answer, struct failure *failure);

/* Ends it, and whatever it started, at once. */
void worker_kill(struct worker_process *worker);

/* Lets it end by itself, then insists. */
void worker_close(struct worker_process *worker, int64_t limit_ns);

#endif
