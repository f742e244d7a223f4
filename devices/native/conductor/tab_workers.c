#include "conductor/tab_workers.h"

#include "browser/browser_process.h"
#include "conductor/worker_argv.h"

/* The holder itself ends what takes longer than a request may; the conductor waits so much longer for that. */
#define HOLDER_EXTRA_NS INT64_C(60000000000)
/* For browsers to end by themselves, and their profiles to be removed. */
#define HOLDER_CLOSE_TIMEOUT_NS INT64_C(30000000000)

static void forget(struct tab_workers *tabs)
{
    tabs->holder = NULL;
    browser_remove_stale_profiles(tabs->folder);
}

static int64_t timeout_ns_of(const struct tab_workers *tabs, const struct lasting *lasting)
{
    int64_t timeout_ns = tabs->plan->step_timeout_ns, most_ns = INT64_MAX / 8;
    timeout_ns = timeout_ns > most_ns ? most_ns : timeout_ns;
    return timeout_ns + (lasting->lasts_ns > most_ns ? most_ns : lasting->lasts_ns);
}

/* Which arms there are. */
static bool open_holder(struct tab_workers *tabs, struct failure *failure)
{
    static const struct lasting shortly = {0, NULL};
    struct json_writer request = {0};
    const struct json_value *answer;
    int64_t timeout_ns = timeout_ns_of(tabs, &shortly);
    json_open(&request, '{');
    json_string_member(&request, "do", "open");
    json_string_member(&request, "folder", tabs->folder);
    json_integer_member(&request, "timeout_ns", timeout_ns);
    json_name(&request, "arms");
    json_open(&request, '[');
    for (int k = 0; k < tabs->plan->arm_count; k++)
        if (tabs->plan->arms[k].web != NULL)
            json_copy(&request, tabs->plan->arms[k].entry);
    json_close(&request, ']');
    json_close(&request, '}');
    enum asked asked =
        worker_exchange(tabs->holder, &request, "open", timeout_ns + HOLDER_EXTRA_NS, NULL, &answer, failure);
    bytes_free(&request.out);
    if (asked == ASKED_STOPPED)
        return fail(failure, "stopped", "the run was stopped while the browser's holder started");
    if (asked == ASKED_FAILED) {
        forget(tabs);
        return false;
    }
    const char *error = json_get_string(answer, "error"), *message = json_get_string(answer, "message");
    if (error == NULL)
        return true;
    fail(failure, error, "%s", message != NULL ? message : "");
    tab_workers_close(tabs);
    return false;
}

struct worker_process *tab_workers_holder(struct tab_workers *tabs, int arm, struct failure *failure)
{
    if (tabs->holder != NULL)
        return tabs->holder;
    char **argv = worker_argv(tabs->self, &tabs->plan->arms[arm], "--browser");
    tabs->holder = worker_start(argv, tabs->folder, tabs->wakeup, tabs->plan->step_timeout_ns, failure);
    worker_argv_free(argv);
    return tabs->holder != NULL && open_holder(tabs, failure) ? tabs->holder : NULL;
}

static void read_gone(const struct tab_workers *tabs, const struct json_value *answer, uint64_t *gone)
{
    const struct json_value *list = json_get(answer, "gone");
    for (const struct json_value *id = list != NULL && list->kind == JSON_ARRAY ? list->as.first : NULL; id != NULL;
         id = id->next) {
        int arm = id->kind == JSON_STRING ? plan_arm_index(tabs->plan, id->as.string) : -1;
        if (arm >= 0)
            *gone |= UINT64_C(1) << arm;
    }
}

enum asked tab_workers_ask(struct tab_workers *tabs, int arm, struct json_writer *request, const char *name,
                           const struct lasting *lasting, const struct json_value **answer, uint64_t *gone,
                           struct failure *failure)
{
    int64_t timeout_ns = timeout_ns_of(tabs, lasting);
    *gone = 0;
    if (tabs->holder == NULL) {
        fail(failure, "BrowserEnded", "the browser of arm %s was ended before", tabs->plan->arms[arm].id);
        return ASKED_FAILED;
    }
    json_integer_member(request, "timeout_ns", timeout_ns);
    json_close(request, '}');
    enum asked asked =
        worker_exchange(tabs->holder, request, name, timeout_ns + HOLDER_EXTRA_NS, lasting->meanwhile, answer, failure);
    if (asked == ASKED_STOPPED)
        return asked;
    if (asked == ASKED_FAILED) {
        struct failure why = *failure;
        fail(failure, why.error, "the holder of the tab: %.1900s", why.message);
        for (int k = 0; k < tabs->plan->arm_count; k++)
            if (k != arm && tabs->plan->arms[k].web != NULL)
                *gone |= UINT64_C(1) << k;
        forget(tabs);
        return asked;
    }
    const char *error = json_get_string(*answer, "error"), *message = json_get_string(*answer, "message");
    if (error == NULL)
        return ASKED_ANSWERED;
    fail(failure, error, "%s", message != NULL ? message : "");
    read_gone(tabs, *answer, gone);
    return ASKED_FAILED;
}

void tab_workers_close_frame(struct tab_workers *tabs, int arm)
{
    static const struct lasting shortly = {0, NULL};
    struct json_writer request = {0};
    const struct json_value *answer;
    struct failure ignored; /* what is wrong with a frame that is given up has no meaning any more */
    uint64_t gone;
    json_open(&request, '{');
    json_string_member(&request, "do", "close_frame");
    json_string_member(&request, "arm", tabs->plan->arms[arm].id);
    tab_workers_ask(tabs, arm, &request, "close_frame", &shortly, &answer, &gone, &ignored);
    bytes_free(&request.out);
}

void tab_workers_close(struct tab_workers *tabs)
{
    if (tabs->holder == NULL)
        return;
    worker_close(tabs->holder, HOLDER_CLOSE_TIMEOUT_NS);
    forget(tabs);
}
