#include "browser/served.h"

/* The number after `prefix`, −1 where a name has another form. */
static int numbered(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    int number = 0;
    if (strncmp(name, prefix, length) != 0 || name[length] == '\0' || strlen(name + length) > 4)
        return -1;
    for (name += length; *name != '\0'; name++) {
        if (*name < '0' || *name > '9')
            return -1;
        number = number * 10 + (*name - '0');
    }
    return number;
}

static const char engine[] = "engine/";

/* The plan's own text of a name in a table; NULL where it is not there. */
static const struct json_value *member_of(const struct json_value *table, const char *name)
{
    const struct json_value *member = json_get(table, name);
    return member != NULL && member->kind == JSON_STRING ? member : NULL;
}

bool served_content(struct served *served, const char *name, struct content *content)
{
    int input = numbered(name, "input/");
    *content = (struct content){NULL, 0, -1};
    if (served->engine_files != NULL && strncmp(name, engine, sizeof engine - 1) == 0) {
        content->path = json_get_string(served->engine_files, name + sizeof engine - 1);
    } else if (served->model != NULL && strcmp(name, "model") == 0) {
        content->path = served->model;
    } else if (input >= 0) {
        if ((size_t)input < served->input_count)
            *content = (struct content){served->inputs[input].path, served->inputs[input].at,
                                        served->inputs[input].bytes};
    } else {
        content->path = json_get_string(served->page_files, name);
    }
    if (content->path == NULL && served->missing[0] == '\0')
        snprintf(served->missing, sizeof served->missing, "%s", name);
    return content->path != NULL;
}

void served_note(struct served *served, const char *name, int64_t bytes)
{
    bool is_of_engine = served->engine_files != NULL && strncmp(name, engine, sizeof engine - 1) == 0;
    const struct json_value *member = is_of_engine ? member_of(served->engine_files, name + sizeof engine - 1) : NULL;
    const char *known = is_of_engine ? member->key : "model";
    int at = 0;
    if (!is_of_engine && (served->model == NULL || strcmp(name, "model") != 0))
        return;
    while (at < served->fetched_count && strcmp(served->fetched[at].name, known) < 0)
        at++;
    bool is_there = at < served->fetched_count && strcmp(served->fetched[at].name, known) == 0;
    if (!is_there && served->fetched_count == FETCHED_MAX)
        return;
    if (!is_there) {
        memmove(&served->fetched[at + 1], &served->fetched[at],
                (size_t)(served->fetched_count - at) * sizeof *served->fetched);
        served->fetched_count++;
    }
    served->fetched[at] = (struct fetched){known, is_of_engine, bytes};
}

struct served_output *served_output(struct served *served, const char *name, int64_t content_bytes)
{
    int number = numbered(name, "output/");
    if (served->outputs == NULL || number < 0 || (size_t)number >= served->output_count || content_bytes < 0)
        return NULL;
    struct served_output *output = &served->outputs[number];
    if ((uint64_t)content_bytes > output->most_bytes) {
        served->refused_bytes = content_bytes > PTRDIFF_MAX ? PTRDIFF_MAX : (size_t)content_bytes;
        return NULL;
    }
    return output->is_given ? NULL : output;
}

void served_open_outputs(struct served *served, const size_t *most_bytes, size_t count)
{
    served_close_outputs(served);
    served->outputs = allocate(count, sizeof *served->outputs);
    served->output_count = count;
    served->outputs_opened++;
    served->refused_bytes = 0;
    for (size_t k = 0; k < count; k++)
        served->outputs[k].most_bytes = most_bytes[k];
}

void served_close_outputs(struct served *served)
{
    for (size_t k = 0; served->outputs != NULL && k < served->output_count; k++)
        bytes_free(&served->outputs[k].content);
    free(served->outputs);
    served->outputs = NULL;
    served->output_count = 0;
}

void served_set_inputs(struct served *served, struct served_input *inputs, size_t count)
{
    for (size_t k = 0; k < served->input_count; k++)
        free(served->inputs[k].path);
    free(served->inputs);
    served->inputs = inputs;
    served->input_count = count;
}

bool served_is_origin(const struct served *served, const char *origin)
{
    static const char scheme[] = "http://";
    return strncmp(origin, scheme, sizeof scheme - 1) == 0 && strcmp(origin + sizeof scheme - 1, served->host) == 0;
}

void served_release(struct served *served)
{
    served_close_outputs(served);
    served_set_inputs(served, NULL, 0);
    bytes_free(&served->to_page);
}
