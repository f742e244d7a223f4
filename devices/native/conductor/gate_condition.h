/* One condition of a gate: what it speaks of, out of its probe's text, and whether that is within its bound. */
#ifndef BAKEOFF_GATE_CONDITION_H
#define BAKEOFF_GATE_CONDITION_H

#include "plan/plan.h"

struct gate_value {
    enum { VALUE_UNREADABLE, VALUE_NUMBER, VALUE_WORD } kind;
    double number;
    const char *word; /* in the text; no NUL ends it */
    size_t length;
};

/* Reads it out of a text that a NUL follows. */
struct gate_value gate_value_read(const struct gate_condition *condition, const char *text, size_t length);

/* Whether a value that could be read is within the bound; `first` is the first one of the session. */
bool gate_value_holds(const struct gate_condition *condition, const struct gate_value *value,
                      const struct gate_value *first);

#endif
