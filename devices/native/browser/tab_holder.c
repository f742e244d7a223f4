#include "browser/tab_holder.h"

#include "browser/answer_members.h"
#include "platform/clock.h"

#define START_TIMEOUT_NS INT64_C(60000000000) /* for a browser and its tab to be there */

static const struct json_value *arm_of(const struct tab_holder *holder, const char *id)
{
    const struct json_value *arm = holder->arms != NULL ? holder->arms->as.first : NULL;
    while (arm != NULL && strcmp(json_get_string(arm, "id"), id) != 0)
        arm = arm->next;
    return arm;
}

static bool is_table_of_texts(const struct json_value *table)
{
    if (table == NULL || table->kind != JSON_OBJECT)
        return false;
    for (const struct json_value *text = table->as.first; text != NULL; text = text->next)
        if (text->kind != JSON_STRING)
            return false;
    return true;
}

static bool is_web_arm(const struct json_value *arm)
{
    const struct json_value *web = json_get(arm, "web"), *browser = json_get(web, "browser");
    const char *family = json_get_string(web, "family");
    if (browser == NULL || browser->kind != JSON_ARRAY || browser->count == 0)
        return false;
    for (const struct json_value *word = browser->as.first; word != NULL; word = word->next)
        if (word->kind != JSON_STRING)
            return false;
    return json_get_string(arm, "id") != NULL && json_get_string(arm, "model") != NULL
           && is_table_of_texts(json_get(web, "page_files")) && is_table_of_texts(json_get(web, "engine_files"))
           && json_get_string(web, "engine_script") != NULL && family != NULL
           && (strcmp(family, "chromium") == 0 || strcmp(family, "firefox") == 0);
}

/* Takes over the text that the request was read from. */
static bool open_holder(struct tab_holder *holder, const struct json_value *request, struct failure *failure)
{
    const struct json_value *arms = json_get(request, "arms");
    const char *folder = json_get_string(request, "folder");
    bool good = !holder->is_open && folder != NULL && arms != NULL && arms->kind == JSON_ARRAY;
    for (const struct json_value *arm = good ? arms->as.first : NULL; arm != NULL; arm = arm->next)
        good = good && is_web_arm(arm);
    if (!good)
        return fail(failure, "ValueError", "a request to open comes twice, or has no usable arms or folder");
    holder->arms = arms;
    holder->folder = folder;
    browser_remove_stale_profiles(folder);
    holder->is_open = page_server_open(&holder->server, &holder->requests, failure);
    return holder->is_open;
}

static struct browser_tab *tab_with(const struct tab_holder *holder, const char *arm, struct frame **frame)
{
    struct browser_tab *tab = holder->tabs;
    while (tab != NULL && (*frame = browser_tab_frame(tab, arm)) == NULL)
        tab = tab->next;
    return tab;
}

/* Whether two arms name the same browser. */
static bool is_same_browser(const struct json_value *web, const struct json_value *other)
{
    const struct json_value *word = json_get(web, "browser")->as.first, *other_word = json_get(other, "browser")->as.first;
    while (word != NULL && other_word != NULL && strcmp(word->as.string, other_word->as.string) == 0) {
        word = word->next;
        other_word = other_word->next;
    }
    return word == NULL && other_word == NULL
           && strcmp(json_get_string(web, "family"), json_get_string(other, "family")) == 0;
}

/* The tab of an arm's browser, which is started where it does not run. */
static struct browser_tab *tab_for(struct tab_holder *holder, const struct json_value *web, struct failure *failure)
{
    struct browser_tab *tab = holder->tabs;
    while (tab != NULL && !is_same_browser(tab->web, web))
        tab = tab->next;
    if (tab != NULL)
        return tab;
    int64_t timeout_ns = holder->timeout_ns < START_TIMEOUT_NS ? holder->timeout_ns : START_TIMEOUT_NS;
    tab = browser_tab_start(web, &holder->server, holder->folder, timeout_ns, failure);
    if (tab != NULL) {
        tab->next = holder->tabs;
        holder->tabs = tab;
    }
    return tab;
}

static void end_tab(struct tab_holder *holder, struct browser_tab *tab)
{
    for (struct browser_tab **at = &holder->tabs; *at != NULL; at = &(*at)->next) {
        if (*at == tab) {
            *at = tab->next;
            break;
        }
    }
    browser_tab_end(tab);
}

static bool answer_start(struct tab_holder *holder, const struct json_value *request, const char *id,
                         struct failure *failure)
{
    const struct json_value *arm = arm_of(holder, id), *web = json_get(arm, "web"), *cores = json_get(arm, "cores");
    struct tab_request asked = {holder, request, NULL, NULL};
    asked.tab = tab_with(holder, id, &asked.frame);
    if (asked.tab != NULL)
        browser_tab_close_frame(asked.tab, asked.frame);
    asked.tab = tab_for(holder, web, failure);
    if (asked.tab == NULL)
        return false;
    asked.frame = browser_tab_open_frame(asked.tab, json_get_string(arm, "id"), json_get_string(arm, "model"), web,
                                         holder->until_ns, failure);
    if (asked.frame == NULL)
        return false;
    const char *accelerator = json_get_string(arm, "accelerator");
    asked.frame->runtime = json_get_string(arm, "runtime");
    asked.frame->accelerator = accelerator != NULL ? accelerator : "wasm";
    asked.frame->threads = 1;
    asked.frame->cores = cores != NULL && cores->kind != JSON_NULL ? cores : NULL;
    json_get_integer(arm, "threads", 1, 4096, &asked.frame->threads);
    if (asked.frame->cores != NULL)
        settings_set(&asked.frame->settings, SETTING_AFFINITY, "a browser's processes are not held to cores");
    return greet_frame(&asked, failure) && start_engine(&asked, web, failure);
}

static bool answer_bind(struct tab_request *asked, struct json_writer *writer, struct failure *failure)
{
    const struct json_value *files = json_get(asked->request, "files"), *said;
    struct json_writer question = {0};
    (void)writer;
    if (asked->frame->model.inputs == NULL || files == NULL || files->kind != JSON_ARRAY)
        return fail(failure, "ValueError", "a request to bind comes too early or without files");
    page_begin_question(&question, "bind");
    if (!frame_set_inputs(asked->frame, files, &question, failure)) {
        bytes_free(&question.out);
        return false;
    }
    bool bound = page_ask(&asked->frame->page, &question, 0, asked->holder->until_ns, &said, failure);
    served_set_inputs(&asked->frame->page.served, NULL, 0);
    return bound;
}

static bool answer_keep(struct tab_request *asked, struct json_writer *writer, struct failure *failure)
{
    struct frame *frame = asked->frame;
    const char *folder = json_get_string(asked->request, "folder"), *item = json_get_string(asked->request, "item");
    const struct json_value *said;
    int64_t latency_ns;
    if (frame->model.inputs == NULL || folder == NULL || item == NULL)
        return fail(failure, "ValueError", "a request to keep outputs comes too early or without its names");
    frame_open_outputs(frame);
    bool good = page_ask_plainly(&frame->page, "keep", asked->holder->until_ns, &said, failure)
                && answer_whole(said, "latency_ns", LONGEST_NS, &latency_ns, failure)
                && frame_keep_outputs(frame, said, folder, item, writer, failure);
    served_close_outputs(&frame->page.served);
    if (good)
        json_integer_member(writer, "latency_ns", latency_ns);
    return good;
}

static bool answer_of_frame(struct tab_request *asked, const char *name, struct json_writer *writer,
                            struct failure *failure)
{
    static const struct {
        const char *name;
        bool (*answer)(struct tab_request *, struct json_writer *, struct failure *);
    } answers[] = {{"load", answer_load},     {"bind", answer_bind},
                   {"keep", answer_keep},     {"block", answer_block},
                   {"infer_for", answer_infer_for}, {"soak", answer_soak},
                   {"animate", answer_animate},
                   {"memory", answer_memory}, {"reset_peak", answer_reset_peak}};
    for (size_t k = 0; k < sizeof answers / sizeof *answers; k++)
        if (strcmp(answers[k].name, name) == 0)
            return answers[k].answer(asked, writer, failure);
    return fail(failure, "ValueError", "not a request that the holder of tabs knows");
}

static bool answer_request(struct tab_holder *holder, const struct json_value *request, struct json_writer *writer,
                           struct failure *failure)
{
    const char *name = json_get_string(request, "do"), *arm = json_get_string(request, "arm");
    struct tab_request asked = {holder, request, NULL, NULL};
    if (name == NULL || !json_get_integer(request, "timeout_ns", 1, INT64_MAX / 4, &holder->timeout_ns))
        return fail(failure, "ValueError", "a request has no name or no timeout_ns");
    holder->until_ns = clock_ns() + holder->timeout_ns;
    if (strcmp(name, "open") == 0)
        return open_holder(holder, request, failure);
    if (arm == NULL || arm_of(holder, arm) == NULL)
        return fail(failure, "ValueError", "a request names no arm that is open");
    if (strcmp(name, "start") == 0)
        return answer_start(holder, request, arm, failure);
    asked.tab = tab_with(holder, arm, &asked.frame);
    if (strcmp(name, "close_frame") == 0) {
        if (asked.tab != NULL)
            browser_tab_close_frame(asked.tab, asked.frame);
        return true;
    }
    if (asked.tab == NULL)
        return fail(failure, "PageCrashed", "arm %s has no frame any more", arm);
    return answer_of_frame(&asked, name, writer, failure);
}

/* Removes the frame of an arm that failed, and its browser where that does not answer; the other arms that lost theirs
 * with it are added. */
static void lose(struct tab_holder *holder, const char *arm, struct json_writer *gone)
{
    struct frame *frame = NULL;
    struct browser_tab *tab = tab_with(holder, arm, &frame);
    if (tab == NULL)
        return;
    browser_tab_close_frame(tab, frame);
    bool is_alive = browser_tab_is_alive(tab);
    for (struct frame *other = tab->frames, *next; other != NULL; other = next) {
        next = other->next;
        if (is_alive && other->page.served.socket == SOCKET_HERE)
            continue;
        json_string(gone, other->arm);
        if (is_alive)
            browser_tab_close_frame(tab, other);
    }
    if (!is_alive)
        end_tab(holder, tab);
}

/* Says what happened where a failure has no words yet, and what follows from it. */
static void write_failure(struct tab_holder *holder, const struct json_value *request, struct failure *failure,
                          struct json_writer *writer)
{
    const char *arm = json_get_string(request, "arm"), *name = json_get_string(request, "do");
    struct frame *frame = NULL;
    struct browser_tab *tab = arm != NULL ? tab_with(holder, arm, &frame) : NULL;
    struct bytes message = {0}, missing = {0};
    struct json_writer gone = {0};
    if (strcmp(failure->error, PAGE_SILENT) == 0)
        fail(failure, PAGE_SILENT, "the page gave no answer to '%s' for %g s", name, (double)holder->timeout_ns / 1e9);
    else if (strcmp(failure->error, PAGE_GONE) == 0 && tab != NULL)
        browser_tab_tell_end(tab, frame, failure);
    else if (strcmp(failure->error, PAGE_GONE) == 0)
        fail(failure, "BrowserEnded", "the browser has ended");
    if (frame != NULL && frame->page.served.missing[0] != '\0')
        bytes_format(&missing, " (not there to be served: %s)", frame->page.served.missing);
    add_one_line(&message, failure->message, MESSAGE_MAX_BYTES - missing.length);
    if (missing.length != 0)
        bytes_text(&message, missing.data);
    if (arm != NULL)
        lose(holder, arm, &gone);
    bytes_clear(&writer->out);
    writer->comma = false;
    json_open(writer, '{');
    json_string_member(writer, "error", failure->error);
    json_string_member(writer, "message", message.data != NULL ? message.data : "");
    json_list_member(writer, "gone", &gone);
    json_close(writer, '}');
    bytes_free(&message);
    bytes_free(&missing);
    bytes_free(&gone.out);
}

/* Answers one line; false when the conductor is gone. */
static bool answer_line(struct tab_holder *holder, struct bytes *line, int replies)
{
    struct json_document document = {0};
    struct json_writer writer = {0};
    struct failure failure = {"", ""};
    const struct json_value *request = json_parse(&document, line->data, line->length);
    json_open(&writer, '{');
    bool good = request != NULL ? answer_request(holder, request, &writer, &failure)
                                : fail(&failure, "ValueError", "not a request: %s", document.problem);
    json_close(&writer, '}');
    if (holder->requests.has_ended) {
        bytes_free(&writer.out);
        return false;
    }
    if (!good)
        write_failure(holder, request, &failure, &writer);
    if (holder->is_open && holder->plan_text.data == NULL) {
        /* The plan's arms point into what was read. */
        holder->plan_text = *line;
        holder->plan = document;
        *line = (struct bytes){0};
    } else {
        json_release(&document);
    }
    bool sent = json_write_line(replies, &writer);
    bytes_free(&writer.out);
    return sent;
}

int hold_tabs(void)
{
    struct tab_holder *holder = allocate(1, sizeof *holder);
    struct bytes line = {0};
    /* Its stdin ends with the conductor, and the browsers are to be ended then: it must not be killed before. */
    prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
    /* Only the conductor ends a holder: signals to everyone in a service or at a terminal are for the conductor. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    holder->requests.fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
    int replies = fcntl(1, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_RDONLY);
    dup2(2, 1);
    if (null >= 0) {
        dup2(null, 0);
        close(null);
    }
    while (!holder->requests.has_ended) {
        if (request_pipe_line(&holder->requests, &line)) {
            if (!answer_line(holder, &line, replies))
                break;
        } else if (holder->is_open) {
            page_server_turn(&holder->server, INT64_MAX);
        } else {
            request_pipe_read(&holder->requests);
        }
    }
    holder->requests.has_ended = true;
    while (holder->tabs != NULL)
        end_tab(holder, holder->tabs);
    _exit(0);
}
