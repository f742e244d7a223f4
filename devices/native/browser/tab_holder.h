/* The tab holder: what the conductor asks of its web arms, it asks their frames. One process for all of them. */
#ifndef BAKEOFF_TAB_HOLDER_H
#define BAKEOFF_TAB_HOLDER_H

#include "browser/browser_tab.h"

struct tab_holder {
    struct request_pipe requests;
    struct page_server server;
    bool is_open;
    struct bytes plan_text;
    struct json_document plan;
    const struct json_value *arms; /* of the plan, those that are web arms */
    const char *folder;            /* of the run */
    struct browser_tab *tabs;      /* browsers that run */
    int64_t timeout_ns;            /* of the request that is answered */
    int64_t until_ns;
};

/* A request of an arm that has a frame. */
struct tab_request {
    struct tab_holder *holder;
    const struct json_value *request;
    struct browser_tab *tab;
    struct frame *frame;
};

/* A frame that is new: what it says of itself, and which process it has. Then its engine: in tab_loading.c. */
bool greet_frame(struct tab_request *asked, struct failure *failure);
bool start_engine(struct tab_request *asked, const struct json_value *web, struct failure *failure);

/* Each writes the members of its answer, or fails: in tab_loading.c, tab_measurements.c and tab_memory.c. */
bool answer_load(struct tab_request *asked, struct json_writer *writer, struct failure *failure);
bool answer_block(struct tab_request *asked, struct json_writer *writer, struct failure *failure);
bool answer_infer_for(struct tab_request *asked, struct json_writer *writer, struct failure *failure);
bool answer_animate(struct tab_request *asked, struct json_writer *writer, struct failure *failure);
bool answer_soak(struct tab_request *asked, struct json_writer *writer, struct failure *failure);
bool answer_reset_peak(struct tab_request *asked, struct json_writer *writer, struct failure *failure);
bool answer_memory(struct tab_request *asked, struct json_writer *writer, struct failure *failure);

/* A size of a process as a member, null with a note where it does not tell: in tab_memory.c. */
void write_process_size(struct json_writer *writer, struct json_writer *notes, pid_t pid, const char *name,
                        const char *file, const char *key);

/* Answers the conductor on stdin until that ends; then every browser is ended. */
int hold_tabs(void);

#endif
