/* A browser: ours, started with a profile of its own below the run's folder and ended with all that it started; or an
 * app of a phone, which is told to show a page. */
#ifndef BAKEOFF_BROWSER_PROCESS_H
#define BAKEOFF_BROWSER_PROCESS_H

#include "browser/settings.h"

#define BROWSER_NOT_STARTED "BrowserNotStarted"

struct browser_process {
    pid_t pid; /* −1 of an app */
    bool has_ended;
    int status;
    char *folder; /* of its profile and its log */
    struct settings settings;
};

/* `browser` is its argv, or `android:PACKAGE`; `family` is `chromium` or `firefox`. */
bool browser_start(struct browser_process *browser, const struct json_value *argv, const char *family,
                   const char *address, const char *run_folder, struct failure *failure);

/* Whether one of ours has ended; how, in words. */
bool browser_has_ended(struct browser_process *browser, char *how, size_t size);

/* The last of what it said of errors, in one line, to be added. */
void browser_add_last_words(const struct browser_process *browser, struct bytes *words);

/* Ends it, all that it started, and its profile. */
void browser_end(struct browser_process *browser);

/* Removes profiles of holders that were killed before they could. */
void browser_remove_stale_profiles(const char *run_folder);

#endif
