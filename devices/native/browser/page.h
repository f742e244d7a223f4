/* A page that opens its socket, the tab or a frame: it is asked one question at a time, and all that it says is doubted. */
#ifndef BAKEOFF_PAGE_H
#define BAKEOFF_PAGE_H

#include "browser/page_server.h"
#include "json/json_writer.h"

/* Failures that have no message yet: the page's socket has ended, or it gave no answer in time. */
#define PAGE_GONE "PageGone"
#define PAGE_SILENT "timeout"
#define PAGE_MALFORMED "PageAnswerMalformed"

struct page {
    struct served served;
    struct page_server *server;
    int64_t number; /* of the last question */
    bool is_awaited; /* an answer */
    int events;      /* since the last question */
    int64_t sent_ns, came_ns; /* of the last question and its answer */
    struct bytes text;
    struct json_document document;
    const struct json_value *answer;
    struct failure fault; /* what it said that it may not, or that it lost its GPU */
};

/* `served` lacks only its token and name. */
bool page_open(struct page *page, struct page_server *server, const char *name, struct failure *failure);

/* Waits for its socket; false where that is not there in time. Also false where the conductor is gone. */
bool page_arrives(struct page *page, int64_t until_ns, bool (*goes_on)(void *of), void *of);

/* A question, whose members are written between these two; numbers in the answer take so much memory at most. */
void page_begin_question(struct json_writer *question, const char *name);
/* Sends it, and frees what was written. */
bool page_send(struct page *page, struct json_writer *question, int64_t numbers, struct failure *failure);
/* The answer to what was sent, valid until the next question. */
bool page_receive(struct page *page, int64_t until_ns, const struct json_value **answer, struct failure *failure);
/* Both. */
bool page_ask(struct page *page, struct json_writer *question, int64_t numbers, int64_t until_ns,
              const struct json_value **answer, struct failure *failure);
/* One without members. */
bool page_ask_plainly(struct page *page, const char *name, int64_t until_ns, const struct json_value **answer,
                      struct failure *failure);

/* Serves it no more, and frees what it holds. */
void page_close(struct page *page);

#endif
