#include "conductor/meanwhile.h"

#include "platform/clock.h"

void meanwhile_begin(struct meanwhile *meanwhile)
{
    meanwhile->due_ns = clock_ns() + meanwhile->every_ns;
}

int64_t meanwhile_left_ns(const struct meanwhile *meanwhile)
{
    if (meanwhile == NULL)
        return INT64_MAX;
    int64_t left_ns = meanwhile->due_ns - clock_ns();
    return left_ns > 0 ? left_ns : 0;
}

void meanwhile_act_if_due(struct meanwhile *meanwhile)
{
    if (meanwhile == NULL || clock_ns() < meanwhile->due_ns)
        return;
    meanwhile->act(meanwhile->of);
    int64_t late_ns = clock_ns() - meanwhile->due_ns;
    meanwhile->due_ns += (late_ns / meanwhile->every_ns + 1) * meanwhile->every_ns;
}

int poll_timeout_ms(int64_t left_ns)
{
    if (left_ns <= 0)
        return 0;
    return left_ns > INT64_C(3600000000000) ? 3600000 : (int)((left_ns + 999999) / 1000000);
}
