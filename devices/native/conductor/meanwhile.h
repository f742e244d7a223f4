/* Something that is done every so often while something else is waited for. */
#ifndef BAKEOFF_MEANWHILE_H
#define BAKEOFF_MEANWHILE_H

#include "platform/platform.h"

struct meanwhile {
    void (*act)(void *of);
    void *of;
    int64_t every_ns;
    int64_t due_ns; /* when it is due next */
};

/* It is due for the first time after one interval from now. */
void meanwhile_begin(struct meanwhile *meanwhile);

/* Until it is due, 0 where it is; INT64_MAX for NULL. */
int64_t meanwhile_left_ns(const struct meanwhile *meanwhile);

/* Does it where it is due. Moments that were missed are not made up for. */
void meanwhile_act_if_due(struct meanwhile *meanwhile);

/* As poll takes it: rounded up, an hour at most. */
int poll_timeout_ms(int64_t left_ns);

#endif
