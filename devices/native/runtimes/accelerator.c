#include "runtimes/accelerator.h"

bool accelerator_add_option(struct accelerator *accelerator, const char *name, const char *value,
                            struct failure *failure)
{
    if (accelerator->option_count == OPTIONS_MAX)
        return fail(failure, "ValueError", "more than %d options of accelerator '%s'", OPTIONS_MAX, accelerator->name);
    accelerator->option_names[accelerator->option_count] = copy_text(name);
    accelerator->option_values[accelerator->option_count++] = copy_text(value);
    return true;
}

bool accelerator_read(const struct json_value *request, struct accelerator *accelerator, struct failure *failure)
{
    const struct json_value *named = json_get(request, "accelerator");
    const char *name = json_get_string(request, "accelerator");
    const char *library = json_get_string(request, "accelerator_library");
    const struct json_value *options = json_get(request, "accelerator_options");
    *accelerator = (struct accelerator){.name = copy_text(name != NULL ? name : "cpu"),
                                        .library = library != NULL ? copy_text(library) : NULL};
    if (name == NULL && named != NULL && named->kind != JSON_NULL)
        return fail(failure, "ValueError", "the accelerator of an arm is no text");
    if (options == NULL || options->kind == JSON_NULL)
        return true;
    if (options->kind != JSON_OBJECT)
        return fail(failure, "ValueError", "the options of accelerator '%s' are no table", accelerator->name);
    for (const struct json_value *option = options->as.first; option != NULL; option = option->next) {
        if (option->kind != JSON_STRING)
            return fail(failure, "ValueError", "option '%.200s' of accelerator '%s' is no text", option->key,
                        accelerator->name);
        if (!accelerator_add_option(accelerator, option->key, option->as.string, failure))
            return false;
    }
    return true;
}

const char *accelerator_option(const struct accelerator *accelerator, const char *name)
{
    for (size_t k = 0; k < accelerator->option_count; k++)
        if (strcmp(accelerator->option_names[k], name) == 0)
            return accelerator->option_values[k];
    return NULL;
}

void accelerator_add_options_text(struct bytes *out, const struct accelerator *accelerator)
{
    for (size_t k = 0; k < accelerator->option_count; k++)
        bytes_format(out, "%s%s=%s", k == 0 ? "" : ", ", accelerator->option_names[k], accelerator->option_values[k]);
}

bool accelerator_is(const struct accelerator *accelerator, const char *name)
{
    return strcmp(accelerator->name, name) == 0;
}
