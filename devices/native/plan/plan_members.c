#include "plan/plan_reading.h"

bool refuse(const struct reading *reading, const char *format, ...)
{
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (reading->problem->length == 0)
        bytes_format(reading->problem, "%s %s", reading->path, what);
    return false;
}

bool refuse_key(const struct reading *reading, const char *where, const char *key)
{
    return refuse(reading, "has no usable '%s' in %s. Push the plan again.", key, where);
}

const struct json_value *list_of(const struct json_value *object, const char *name)
{
    const struct json_value *list = json_get(object, name);
    return list != NULL && list->kind == JSON_ARRAY ? list : NULL;
}

bool is_list_of_strings(const struct json_value *list)
{
    if (list == NULL || list->kind != JSON_ARRAY)
        return false;
    for (const struct json_value *element = list->as.first; element != NULL; element = element->next)
        if (element->kind != JSON_STRING)
            return false;
    return true;
}

bool read_number(const struct json_value *object, const char *name, double *value)
{
    const struct json_value *number = json_get(object, name);
    if (number == NULL || (number->kind != JSON_INTEGER && number->kind != JSON_REAL))
        return false;
    *value = number->kind == JSON_INTEGER ? (double)number->as.integer : number->as.real;
    return *value - *value == 0.0; /* finite */
}

bool read_optional_integers(const struct reading *reading, const struct json_value *object, const char *where,
                            const struct optional_integer *members, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        *members[k].value = members[k].otherwise;
        if (json_get(object, members[k].name) != NULL
            && !json_get_integer(object, members[k].name, members[k].least, members[k].most, members[k].value))
            return refuse_key(reading, where, members[k].name);
    }
    return true;
}
