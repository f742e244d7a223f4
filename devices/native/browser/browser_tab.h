/* One browser and its visible tab, in which arms have frames. */
#ifndef BAKEOFF_BROWSER_TAB_H
#define BAKEOFF_BROWSER_TAB_H

#include "browser/browser_process.h"
#include "browser/frame.h"

struct browser_tab {
    const struct json_value *web; /* of the arm that it was started for */
    struct browser_process browser;
    struct page page;
    char *name; /* such as `Chromium 156.0.8078.114` */
    char *user_agent;
    struct page_server *server;
    struct frame *frames;
    struct browser_tab *next;
};

/* NULL, with the failure, where the browser or its tab is not there in time. */
struct browser_tab *browser_tab_start(const struct json_value *web, struct page_server *server, const char *run_folder,
                                      int64_t timeout_ns, struct failure *failure);

/* A frame at a site that no other frame has. */
struct frame *browser_tab_open_frame(struct browser_tab *tab, const char *arm, const char *model,
                                     const struct json_value *web, int64_t until_ns, struct failure *failure);
void browser_tab_close_frame(struct browser_tab *tab, struct frame *frame);

/* NULL where the arm has none. */
struct frame *browser_tab_frame(const struct browser_tab *tab, const char *arm);

/* Whether it answers. */
bool browser_tab_is_alive(struct browser_tab *tab);

/* A frame's socket has ended: what happened. */
void browser_tab_tell_end(struct browser_tab *tab, const struct frame *frame, struct failure *failure);

/* Which process the frame has: the one that works while its page keeps its thread busy. */
bool browser_tab_find_process(struct browser_tab *tab, struct frame *frame, int64_t until_ns, struct failure *failure);

/* Ends the browser. */
void browser_tab_end(struct browser_tab *tab);

#endif
