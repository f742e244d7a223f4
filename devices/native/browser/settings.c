#include "browser/settings.h"

#define TAKEN_MAX 64
#define NAME_BYTES 60
#define VALUE_BYTES 900

void settings_set(struct settings *settings, const char *name, const char *value)
{
    int k = 0;
    while (k < settings->count && strcmp(settings->each[k].name, name) != 0)
        k++;
    if (k == SETTINGS_MAX)
        return;
    if (k == settings->count) {
        settings->each[k].name = copy_text(name);
        settings->count++;
    } else {
        free(settings->each[k].value);
    }
    settings->each[k].value = copy_text(value);
}

void settings_set_integer(struct settings *settings, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    settings_set(settings, name, text);
}

void settings_set_all(struct settings *settings, const struct settings *others)
{
    for (int k = 0; k < others->count; k++)
        settings_set(settings, others->each[k].name, others->each[k].value);
}

bool settings_take(struct settings *settings, const struct json_value *answer, const char *member, struct failure *failure)
{
    const struct json_value *table = json_get(answer, member);
    if (table == NULL)
        return true;
    if (table->kind != JSON_OBJECT || table->count > TAKEN_MAX)
        return fail(failure, "PageAnswerMalformed", "%s is no table of texts", member);
    for (const struct json_value *value = table->as.first; value != NULL; value = value->next) {
        struct bytes name = {0}, text = {0};
        if (value->kind != JSON_STRING)
            return fail(failure, "PageAnswerMalformed", "%s holds what is no text", member);
        add_one_line(&name, value->key, NAME_BYTES);
        add_one_line(&text, value->as.string, VALUE_BYTES);
        settings_set(settings, name.data != NULL ? name.data : "", text.data != NULL ? text.data : "");
        bytes_free(&name);
        bytes_free(&text);
    }
    return true;
}

void settings_write(struct json_writer *writer, const struct settings *settings)
{
    json_name(writer, "settings");
    json_open(writer, '{');
    for (int k = 0; k < settings->count; k++)
        json_string_member(writer, settings->each[k].name, settings->each[k].value);
    json_close(writer, '}');
}

void settings_free(struct settings *settings)
{
    for (int k = 0; k < settings->count; k++) {
        free(settings->each[k].name);
        free(settings->each[k].value);
    }
    settings->count = 0;
}
