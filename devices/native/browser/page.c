#include "browser/page.h"

#include "platform/clock.h"

#define ANSWER_BYTES ((size_t)1 << 18) /* the most of an answer, beside its lists of numbers */
#define NUMBER_BYTES 24
#define EVENTS_MAX 1000
#define MESSAGE_BYTES 1500

/* A text of the page for the record: addresses in it are told without what makes them secret. */
static void tell(const struct page *page, const char *text, size_t most_bytes, struct bytes *told)
{
    struct bytes plain = {0};
    char secret[TOKEN_CHARACTERS + 2];
    snprintf(secret, sizeof secret, "%s/", page->served.token);
    for (const char *found; (found = strstr(text, secret)) != NULL; text = found + strlen(secret))
        bytes_add(&plain, text, (size_t)(found - text));
    bytes_text(&plain, text);
    add_one_line(told, plain.data, most_bytes);
    bytes_free(&plain);
}

static void set_fault(struct page *page, const char *error, const char *text)
{
    struct bytes told = {0};
    if (page->fault.error[0] != '\0')
        return;
    tell(page, text, MESSAGE_BYTES, &told);
    fail(&page->fault, error, "%s", told.data != NULL ? told.data : "");
    bytes_free(&told);
}

static void take_event(struct page *page, const struct json_value *message)
{
    const char *event = json_get_string(message, "event"), *text = json_get_string(message, "message");
    if (event != NULL && strcmp(event, "lost") == 0)
        set_fault(page, "GpuLost", text != NULL ? text : "");
    if (++page->events > EVENTS_MAX)
        set_fault(page, PAGE_MALFORMED, "more than 1000 events and no answer");
}

/* What is said while nothing was asked, or is no answer to what was, is an answer that came wrong. */
static bool is_the_answer(struct page *page, const struct json_value *message)
{
    int64_t number = -1;
    if (page->is_awaited && json_get_integer(message, "id", 0, INT64_MAX, &number) && number == page->number)
        return true;
    set_fault(page, PAGE_MALFORMED, "an answer to another question");
    return false;
}

static void take(void *of, char *text, size_t length, enum web_socket_taken taken)
{
    struct page *page = of;
    struct bytes copy = {0};
    struct json_document document = {.nul_is_replaced = true};
    if (taken == SOCKET_TOO_LARGE)
        set_fault(page, "PageAnswerTooLarge", "a message that is longer than one may be");
    else if (taken == SOCKET_MALFORMED)
        set_fault(page, PAGE_MALFORMED, "a frame as no browser sends it");
    if (page->fault.error[0] != '\0')
        return;
    bytes_add(&copy, text, length);
    const struct json_value *message = json_parse(&document, copy.data, length);
    if (message == NULL || message->kind != JSON_OBJECT) {
        set_fault(page, PAGE_MALFORMED, "a message that is no JSON object");
    } else if (json_get(message, "event") != NULL) {
        take_event(page, message);
    } else if (is_the_answer(page, message)) {
        page->came_ns = clock_ns();
        page->is_awaited = false;
        page->answer = message;
        page->text = copy;
        page->document = document;
        return;
    }
    json_release(&document);
    bytes_free(&copy);
}

bool page_open(struct page *page, struct page_server *server, const char *name, struct failure *failure)
{
    page->server = server;
    page->served.take = take;
    page->served.of = page;
    page->served.most_bytes = ANSWER_BYTES;
    return page_server_add(server, &page->served, name, failure);
}

bool page_arrives(struct page *page, int64_t until_ns, bool (*goes_on)(void *of), void *of)
{
    static const int64_t look_every_ns = 50000000;
    while (page->served.socket == SOCKET_AWAITED) {
        int64_t now_ns = clock_ns();
        if (now_ns >= until_ns || page->server->requests->has_ended || !goes_on(of))
            return false;
        page_server_turn(page->server, until_ns - now_ns > look_every_ns ? now_ns + look_every_ns : until_ns);
    }
    return true;
}

void page_begin_question(struct json_writer *question, const char *name)
{
    json_open(question, '{');
    json_string_member(question, "do", name);
}

bool page_send(struct page *page, struct json_writer *question, int64_t numbers, struct failure *failure)
{
    page->number++;
    json_integer_member(question, "id", page->number);
    json_close(question, '}');
    /* Stale memory is given back before the page works, and not while it does. */
    json_release(&page->document);
    bytes_free(&page->text);
    page->answer = NULL;
    page->is_awaited = true;
    page->events = 0;
    page->served.most_bytes = ANSWER_BYTES + (size_t)numbers * NUMBER_BYTES;
    page->sent_ns = clock_ns();
    if (page->served.socket == SOCKET_HERE)
        web_socket_add_text(&page->served.to_page, question->out.data, question->out.length);
    bytes_free(&question->out);
    return page->served.socket == SOCKET_HERE || fail(failure, PAGE_GONE, "%s", "");
}

bool page_receive(struct page *page, int64_t until_ns, const struct json_value **answer, struct failure *failure)
{
    while (page->answer == NULL && page->fault.error[0] == '\0') {
        if (page->served.socket != SOCKET_HERE || page->server->requests->has_ended)
            return fail(failure, PAGE_GONE, "%s", "");
        if (clock_ns() >= until_ns)
            return fail(failure, PAGE_SILENT, "%s", "");
        page_server_turn(page->server, until_ns);
    }
    if (page->fault.error[0] != '\0') {
        *failure = page->fault;
        return false;
    }
    *answer = page->answer;
    const char *error = json_get_string(page->answer, "error"), *message = json_get_string(page->answer, "message");
    if (json_get(page->answer, "error") == NULL)
        return true;
    struct bytes name = {0}, told = {0};
    tell(page, error != NULL ? error : "Error", sizeof failure->error - 1, &name);
    tell(page, message != NULL ? message : "", MESSAGE_BYTES, &told);
    fail(failure, name.data != NULL ? name.data : "Error", "%s", told.data != NULL ? told.data : "");
    bytes_free(&name);
    bytes_free(&told);
    return false;
}

bool page_ask(struct page *page, struct json_writer *question, int64_t numbers, int64_t until_ns,
              const struct json_value **answer, struct failure *failure)
{
    return page_send(page, question, numbers, failure) && page_receive(page, until_ns, answer, failure);
}

bool page_ask_plainly(struct page *page, const char *name, int64_t until_ns, const struct json_value **answer,
                      struct failure *failure)
{
    struct json_writer question = {0};
    page_begin_question(&question, name);
    return page_ask(page, &question, 0, until_ns, answer, failure);
}

void page_close(struct page *page)
{
    page_server_remove(page->server, &page->served);
    served_release(&page->served);
    json_release(&page->document);
    bytes_free(&page->text);
}
