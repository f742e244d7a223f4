/* An arm's frame in a tab: its page, its process, its model's inputs and outputs. */
#ifndef BAKEOFF_FRAME_H
#define BAKEOFF_FRAME_H

#include "browser/page.h"
#include "browser/settings.h"
#include "runtimes/runtime.h"

struct frame {
    const char *arm; /* the holder's */
    struct page page;
    pid_t pid; /* of the process that its page has; 0 where that is not known */
    struct settings settings;
    char *version;      /* the engine's; NULL before it is started */
    const char *runtime; /* the plan's, as what follows */
    const char *accelerator;
    const struct json_value *cores;
    int64_t threads;
    struct runtime model; /* its inputs and outputs alone */
    struct frame *next;
};

/* Its page, at that name of this machine: `web` is the plan's. */
struct frame *frame_open(const char *arm, const struct json_value *web, const char *model, struct page_server *server,
                         const char *name, struct failure *failure);

/* Reads an item's inputs, which must be what the model takes, and serves them; writes what they are as a member. */
bool frame_set_inputs(struct frame *frame, const struct json_value *files, struct json_writer *question,
                      struct failure *failure);

/* Outputs that the page gave, each found to be what the model declares and what the page says of it, into files below
 * the run's folder, and into a member `outputs`. */
bool frame_keep_outputs(struct frame *frame, const struct json_value *answer, const char *run_folder, const char *item,
                        struct json_writer *writer, struct failure *failure);

/* From now on outputs of the model are taken, each of a size that it may have. */
void frame_open_outputs(struct frame *frame);

void frame_forget_model(struct frame *frame);
void frame_close(struct frame *frame);

#endif
