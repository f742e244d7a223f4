#include "browser/answer_members.h"

#define MALFORMED "PageAnswerMalformed"
#define NAME_BYTES 300
#define NOTES_MAX 16
#define NUMBER_MAX (INT64_C(1) << 53) /* above it a page's numbers are not whole */
#define SIZE_MAX_OF_TENSOR (INT64_C(1) << 48)

bool answer_whole(const struct json_value *answer, const char *name, int64_t most, int64_t *value, struct failure *failure)
{
    return json_get_integer(answer, name, 0, most, value)
           || fail(failure, MALFORMED, "%s is no whole number from 0 to %lld", name, (long long)most);
}

bool answer_whole_or_null(const struct json_value *answer, const char *name, int64_t *value, struct failure *failure)
{
    const struct json_value *member = json_get(answer, name);
    *value = -1;
    return member == NULL || member->kind == JSON_NULL || answer_whole(answer, name, NUMBER_MAX, value, failure);
}

bool answer_wholes(const struct json_value *answer, const char *name, int64_t least, int64_t most,
                   struct json_writer *writer, int64_t *sum, struct failure *failure)
{
    const struct json_value *list = json_get(answer, name);
    int64_t total = 0;
    if (list == NULL || list->kind != JSON_ARRAY || (int64_t)list->count < least || (int64_t)list->count > most)
        return fail(failure, MALFORMED, "%s holds %lld numbers, not %lld to %lld", name,
                    list != NULL && list->kind == JSON_ARRAY ? (long long)list->count : 0LL, (long long)least,
                    (long long)most);
    for (const struct json_value *number = list->as.first; number != NULL; number = number->next) {
        if (number->kind != JSON_INTEGER || number->as.integer < 0 || number->as.integer > NUMBER_MAX
            || total > INT64_MAX - number->as.integer)
            return fail(failure, MALFORMED, "%s holds what is no whole number from 0", name);
        total += number->as.integer;
    }
    json_name(writer, name);
    json_copy(writer, list);
    if (sum != NULL)
        *sum = total;
    return true;
}

void answer_notes(const struct json_value *answer, struct json_writer *notes)
{
    const struct json_value *list = json_get(answer, "notes");
    const struct json_value *note = list != NULL && list->kind == JSON_ARRAY ? list->as.first : NULL;
    for (int k = 0; k < NOTES_MAX && note != NULL; k++, note = note->next) {
        struct bytes line = {0};
        if (note->kind == JSON_STRING)
            add_one_line(&line, note->as.string, 500);
        if (line.length != 0)
            json_string(notes, line.data);
        bytes_free(&line);
    }
}

char *answer_text(const struct json_value *answer, const char *name, const char *otherwise, size_t most_bytes)
{
    const char *text = json_get_string(answer, name);
    struct bytes line = {0};
    add_one_line(&line, text != NULL ? text : otherwise, most_bytes);
    bytes_add(&line, "", 0);
    return line.data;
}

static bool take_shape(const struct json_value *shape, struct tensor_info *info, const char *name, struct failure *failure)
{
    if (shape == NULL || shape->kind != JSON_ARRAY || shape->count > RANK_MAX)
        return fail(failure, MALFORMED, "%s has a shape that is no list of up to %d sizes", name, RANK_MAX);
    for (const struct json_value *size = shape->as.first; size != NULL; size = size->next) {
        struct dimension *dimension = &info->shape[info->rank++];
        dimension->size = -1;
        if (size->kind == JSON_INTEGER && size->as.integer >= -1 && size->as.integer < SIZE_MAX_OF_TENSOR)
            dimension->size = size->as.integer;
        else if (size->kind == JSON_STRING && strlen(size->as.string) <= NAME_BYTES)
            dimension->symbol = copy_text(size->as.string);
        else if (size->kind != JSON_NULL)
            return fail(failure, MALFORMED, "%s has a size that is none", name);
    }
    return true;
}

static bool take_tensor(const struct json_value *tensor, struct tensor_info *info, const char *name,
                        struct failure *failure)
{
    const char *dtype = json_get_string(tensor, "dtype");
    info->name = answer_text(tensor, "name", "", NAME_BYTES);
    info->dtype = dtype != NULL ? dtype_of_name(dtype) : DTYPE_NONE;
    if (info->dtype == DTYPE_NONE)
        return fail(failure, MALFORMED, "%s has a tensor whose numbers this runner does not know", name);
    return take_shape(json_get(tensor, "shape"), info, name, failure);
}

bool answer_tensors(const struct json_value *answer, const char *name, struct tensor_info **infos, size_t *count,
                    struct failure *failure)
{
    const struct json_value *list = json_get(answer, name);
    *infos = NULL;
    *count = 0;
    if (list == NULL || list->kind != JSON_ARRAY || list->count > TOLD_TENSORS_MAX)
        return fail(failure, MALFORMED, "%s is no list of tensors", name);
    *infos = allocate(list->count, sizeof **infos);
    for (const struct json_value *tensor = list->as.first; tensor != NULL; tensor = tensor->next)
        if (!take_tensor(tensor, &(*infos)[(*count)++], name, failure))
            return false;
    return true;
}

void tensor_infos_free(struct tensor_info *infos, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        for (size_t d = 0; d < infos[k].rank; d++)
            free(infos[k].shape[d].symbol);
        free(infos[k].name);
    }
    free(infos);
}
