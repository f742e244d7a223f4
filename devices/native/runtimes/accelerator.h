/* What an arm asks to run on, as the plan says it. Names and values are text that goes to the runtime as it is. */
#ifndef BAKEOFF_ACCELERATOR_H
#define BAKEOFF_ACCELERATOR_H

#include "platform/failure.h"
#include "json/json_reader.h"

#define OPTIONS_MAX 64

struct accelerator {
    char *name;
    char *library; /* path of a library of the runtime's that drives it, or NULL */
    char *option_names[OPTIONS_MAX];
    char *option_values[OPTIONS_MAX];
    size_t option_count;
};

/* Of a request to start, or of an arm in a plan. Keeps copies of its own. */
bool accelerator_read(const struct json_value *request, struct accelerator *accelerator, struct failure *failure);

bool accelerator_add_option(struct accelerator *accelerator, const char *name, const char *value,
                            struct failure *failure);

/* The value of an option, or NULL. */
const char *accelerator_option(const struct accelerator *accelerator, const char *name);

/* `name=value, name=value`, for the record. */
void accelerator_add_options_text(struct bytes *out, const struct accelerator *accelerator);

bool accelerator_is(const struct accelerator *accelerator, const char *name);

#endif
