#include "browser/browser_tab.h"

#include "browser/answer_members.h"
#include "browser/process_tree.h"
#include "platform/clock.h"

#define ECHO_TIMEOUT_NS INT64_C(5000000000)
/* How long a frame may take to be there, before its site is taken for one that the browser cannot find. */
#define FRAME_TIMEOUT_NS INT64_C(10000000000)
#define SPIN_NS INT64_C(80000000)
#define SPINS 5
#define SPIN_MAX_NS (16 * SPIN_NS)
#define LOOK_EVERY_NS INT64_C(4000000)
#define CLEARLY 0.5 /* of the looks more than at rest: a frame may come late to its spin on a busy machine */

static bool browser_lives(void *of)
{
    struct browser_tab *tab = of;
    char how[64];
    return !browser_has_ended(&tab->browser, how, sizeof how);
}

/* The tab is there, or why it is not. */
static bool await_tab(struct browser_tab *tab, int64_t timeout_ns, struct failure *failure)
{
    struct bytes words = {0};
    char how[64];
    if (page_arrives(&tab->page, clock_ns() + timeout_ns, browser_lives, tab))
        return true;
    if (browser_has_ended(&tab->browser, how, sizeof how)) {
        browser_add_last_words(&tab->browser, &words);
        fail(failure, BROWSER_NOT_STARTED, "the browser ended before its tab was there: %s%s", how,
             words.data != NULL ? words.data : "");
        bytes_free(&words);
    } else {
        fail(failure, BROWSER_NOT_STARTED, "the browser runs, and its tab was not there within %g s",
             (double)timeout_ns / 1e9);
    }
    return false;
}

static bool greet(struct browser_tab *tab, int64_t timeout_ns, struct failure *failure)
{
    const struct json_value *said;
    if (!page_ask_plainly(&tab->page, "hello", clock_ns() + timeout_ns, &said, failure)) {
        struct failure why = *failure;
        return fail(failure, BROWSER_NOT_STARTED, "the tab did not answer: %s %.1000s", why.error, why.message);
    }
    tab->name = answer_text(said, "browser", "unknown", 100);
    tab->user_agent = answer_text(said, "user_agent", "unknown", 300);
    return true;
}

struct browser_tab *browser_tab_start(const struct json_value *web, struct page_server *server, const char *run_folder,
                                      int64_t timeout_ns, struct failure *failure)
{
    struct browser_tab *tab = allocate(1, sizeof *tab);
    struct bytes address = {0};
    tab->web = web;
    tab->server = server;
    tab->browser.pid = -1;
    tab->page.served.page_files = json_get(web, "page_files");
    if (!page_open(&tab->page, server, "127.0.0.1", failure)) {
        free(tab);
        return NULL;
    }
    page_server_address(&tab->page.served, "tab.html", &address);
    bool good = browser_start(&tab->browser, json_get(web, "browser"), json_get_string(web, "family"), address.data,
                              run_folder, failure)
                && await_tab(tab, timeout_ns, failure) && greet(tab, timeout_ns, failure);
    bytes_free(&address);
    if (good)
        return tab;
    browser_tab_end(tab);
    return NULL;
}

struct frame *browser_tab_frame(const struct browser_tab *tab, const char *arm)
{
    struct frame *frame = tab->frames;
    while (frame != NULL && strcmp(frame->arm, arm) != 0)
        frame = frame->next;
    return frame;
}

/* Whether another frame is at that name. */
static bool is_taken(const struct browser_tab *tab, const char *name)
{
    size_t length = strlen(name);
    for (const struct frame *frame = tab->frames; frame != NULL; frame = frame->next)
        if (strncmp(frame->page.served.host, name, length) == 0 && frame->page.served.host[length] == ':')
            return true;
    return false;
}

static bool add_frame(struct browser_tab *tab, const struct frame *frame, int64_t until_ns, struct failure *failure)
{
    struct json_writer question = {0};
    struct bytes address = {0};
    const struct json_value *said;
    page_server_address(&frame->page.served, "frame.html", &address);
    page_begin_question(&question, "add");
    json_string_member(&question, "arm", frame->arm);
    json_string_member(&question, "src", address.data);
    bytes_free(&address);
    return page_ask(&tab->page, &question, 0, until_ns, &said, failure);
}

struct frame *browser_tab_open_frame(struct browser_tab *tab, const char *arm, const char *model,
                                     const struct json_value *web, int64_t until_ns, struct failure *failure)
{
    char own[32];
    const char *const names[] = {own, "localhost", "[::1]"};
    int count = tab->server->listening[1] >= 0 ? 3 : 2;
    struct bytes tried = {0};
    snprintf(own, sizeof own, "%.16s.localhost", arm);
    for (int k = 0; k < count; k++) {
        if (is_taken(tab, names[k]))
            continue;
        struct frame *frame = frame_open(arm, web, model, tab->server, names[k], failure);
        if (frame == NULL || !add_frame(tab, frame, until_ns, failure)) {
            if (frame != NULL)
                frame_close(frame);
            bytes_free(&tried);
            return NULL;
        }
        int64_t soon_ns = clock_ns() + FRAME_TIMEOUT_NS;
        if (page_arrives(&frame->page, k < count - 1 && soon_ns < until_ns ? soon_ns : until_ns, browser_lives, tab)) {
            frame->next = tab->frames;
            tab->frames = frame;
            bytes_free(&tried);
            return frame;
        }
        frame_close(frame);
        bytes_format(&tried, "%s%s", tried.length != 0 ? ", " : "", names[k]);
        if (!browser_lives(tab)) {
            bytes_free(&tried);
            fail(failure, PAGE_GONE, "%s", "");
            return NULL;
        }
    }
    fail(failure, "FrameNotOpened", "the browser opened no frame at %s", tried.data != NULL ? tried.data : "any name");
    bytes_free(&tried);
    return NULL;
}

void browser_tab_close_frame(struct browser_tab *tab, struct frame *frame)
{
    struct json_writer question = {0};
    struct failure ignored; /* whether the tab is alive is asked apart */
    const struct json_value *said;
    for (struct frame **at = &tab->frames; *at != NULL; at = &(*at)->next) {
        if (*at == frame) {
            *at = frame->next;
            break;
        }
    }
    page_begin_question(&question, "remove");
    json_string_member(&question, "arm", frame->arm);
    frame_close(frame);
    page_ask(&tab->page, &question, 0, clock_ns() + ECHO_TIMEOUT_NS, &said, &ignored);
}

bool browser_tab_is_alive(struct browser_tab *tab)
{
    struct failure ignored;
    const struct json_value *said;
    return page_ask_plainly(&tab->page, "echo", clock_ns() + ECHO_TIMEOUT_NS, &said, &ignored);
}

void browser_tab_tell_end(struct browser_tab *tab, const struct frame *frame, struct failure *failure)
{
    static const int64_t look_every_ns = 50000000;
    char how[64];
    bool has_ended = false, came_again = false;
    /* A page that is loaded anew asks for its socket at once, and a crash is told within moments. */
    for (int k = 0; k < 20 && !has_ended && !came_again; k++) {
        int64_t until_ns = clock_ns() + look_every_ns;
        while (clock_ns() < until_ns && !tab->server->requests->has_ended)
            page_server_turn(tab->server, until_ns);
        came_again = frame->page.served.came_again || tab->page.served.came_again;
        has_ended = browser_has_ended(&tab->browser, how, sizeof how);
    }
    if (came_again)
        fail(failure, "PageReloaded", "the page was loaded anew in the middle of the measurement");
    else if (has_ended)
        fail(failure, "BrowserEnded", "the browser ended in the middle of the measurement: %s", how);
    else if (tab->browser.pid < 0)
        fail(failure, "PageCrashed", "the page's socket ended: its tab or its app was closed, or crashed");
    else
        fail(failure, "PageCrashed",
             "the page's socket ended and the browser runs: its process crashed or was killed");
}

static bool ask_to_spin(struct frame *frame, int64_t duration_ns, struct failure *failure)
{
    struct json_writer question = {0};
    page_begin_question(&question, "spin");
    json_integer_member(&question, "duration_ns", duration_ns);
    return page_send(&frame->page, &question, 0, failure);
}

/* Whether the tab answers while the frame's thread is busy. On a machine that others keep busy too an answer may come
 * late, so where it came after the spin a longer one is tried. */
static bool answers_meanwhile(struct browser_tab *tab, struct frame *frame, int64_t until_ns, bool *answers,
                              struct failure *failure)
{
    const struct json_value *said;
    *answers = false;
    for (int64_t spin_ns = 2 * SPIN_NS; !*answers && spin_ns <= SPIN_MAX_NS; spin_ns *= 2) {
        if (!ask_to_spin(frame, spin_ns, failure) || !page_ask_plainly(&tab->page, "echo", until_ns, &said, failure)
            || !page_receive(&frame->page, until_ns, &said, failure))
            return false;
        *answers = tab->page.came_ns - frame->page.sent_ns < spin_ns / 2;
    }
    return true;
}

/* How often of the times that it was looked at within so long the main thread of each process had work. The server of
 * pages takes its turns meanwhile, by which a question goes out. */
static void look_who_runs(struct page_server *server, const struct process_tree *tree, int64_t duration_ns, double *shares)
{
    int64_t until_ns = clock_ns() + duration_ns;
    int looks = 0;
    memset(shares, 0, sizeof *shares * PROCESSES_MAX);
    do {
        for (int k = 0; k < tree->count; k++)
            shares[k] += process_is_running(tree->processes[k].pid) ? 1.0 : 0.0;
        looks++;
        page_server_turn(server, clock_ns() + LOOK_EVERY_NS);
    } while (clock_ns() < until_ns);
    for (int k = 0; k < tree->count; k++)
        shares[k] /= looks;
}

/* The process that had work while the frame span, and not before, where that is clear; 0 otherwise. */
static pid_t clearly_spun(const struct process_tree *tree, const double *at_rest, const double *at_work)
{
    double most = 0.0, next = 0.0;
    pid_t found = 0;
    for (int k = 0; k < tree->count; k++) {
        double more = at_work[k] - at_rest[k];
        if (more > most) {
            next = most;
            most = more;
            found = tree->processes[k].pid;
        } else if (more > next) {
            next = more;
        }
    }
    return most > CLEARLY && most > 2.0 * next ? found : 0;
}

/* The page processes of a browser; all of its processes where none is known to be one. */
static void read_candidates(struct process_tree *tree, pid_t browser)
{
    int pages = 0;
    process_tree_read(tree, browser);
    for (int k = 0; k < tree->count; k++)
        if (tree->processes[k].role == PROCESS_PAGE)
            tree->processes[pages++] = tree->processes[k];
    tree->count = pages > 0 ? pages : tree->count;
}

/* The process whose main thread has work all the while that the frame spins, and not before: two times in a row the same.
 * How long it waits for a core meanwhile makes no difference, since a thread that has work and waits is running too, as
 * the kernel tells it. */
static bool find_spinning(struct browser_tab *tab, struct frame *frame, int64_t until_ns, struct failure *failure)
{
    struct process_tree tree = {0};
    double at_rest[PROCESSES_MAX], at_work[PROCESSES_MAX];
    pid_t named = 0;
    const struct json_value *said;
    if (tab->browser.pid > 0)
        read_candidates(&tree, tab->browser.pid);
    for (int k = 0; k < SPINS && frame->pid == 0 && tree.count != 0; k++) {
        int64_t spin_ns = SPIN_NS << k;
        look_who_runs(frame->page.server, &tree, spin_ns / 2, at_rest);
        if (!ask_to_spin(frame, spin_ns, failure))
            return false;
        look_who_runs(frame->page.server, &tree, spin_ns, at_work);
        if (!page_receive(&frame->page, until_ns, &said, failure))
            return false;
        pid_t found = clearly_spun(&tree, at_rest, at_work);
        if (found != 0 && found == named)
            frame->pid = found;
        named = found;
    }
    return true;
}

static void tell_sharing(const struct browser_tab *tab, struct frame *frame, bool answers)
{
    struct bytes sharing = {0};
    for (const struct frame *other = tab->frames; other != NULL; other = other->next)
        if (other != frame && frame->pid != 0 && other->pid == frame->pid)
            bytes_format(&sharing, "%s%s", sharing.length == 0 ? "no: its process is also that of " : ", ", other->arm);
    if (sharing.length == 0)
        bytes_text(&sharing, answers ? "yes" : "no: its thread is also that of the tab");
    settings_set(&frame->settings, SETTING_SITE_ISOLATED, sharing.data);
    bytes_free(&sharing);
}

bool browser_tab_find_process(struct browser_tab *tab, struct frame *frame, int64_t until_ns, struct failure *failure)
{
    bool answers = false;
    if (!answers_meanwhile(tab, frame, until_ns, &answers, failure) || !find_spinning(tab, frame, until_ns, failure))
        return false;
    tell_sharing(tab, frame, answers);
    return true;
}

void browser_tab_end(struct browser_tab *tab)
{
    while (tab->frames != NULL) {
        struct frame *frame = tab->frames;
        tab->frames = frame->next;
        frame_close(frame);
    }
    page_close(&tab->page);
    browser_end(&tab->browser);
    free(tab->name);
    free(tab->user_agent);
    free(tab);
}
