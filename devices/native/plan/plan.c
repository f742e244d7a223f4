#include "plan/plan_reading.h"

#define SCHEMA "bakeoff.plan/1"
#define FILE_MAX_BYTES ((size_t)64 << 20)

/* Ids become parts of file names: `a0`, `i12`, and nothing else. */
static bool is_id(const char *id, char letter)
{
    if (id == NULL || id[0] != letter || id[1] == '\0' || strlen(id) > 12)
        return false;
    for (id++; *id != '\0'; id++)
        if (*id < '0' || *id > '9')
            return false;
    return true;
}

int plan_arm_index(const struct plan *plan, const char *id)
{
    for (int k = 0; id != NULL && k < plan->arm_count; k++)
        if (strcmp(plan->arms[k].id, id) == 0)
            return k;
    return -1;
}

int plan_step_index(const struct plan *plan, int64_t number)
{
    if (number >= 0 && number < plan->step_count && plan->steps[number].number == number)
        return (int)number;
    for (int k = 0; k < plan->step_count; k++)
        if (plan->steps[k].number == number)
            return k;
    return -1;
}

static bool read_arms(struct reading *reading, const struct json_value *list)
{
    struct plan *plan = reading->plan;
    if (list->count > ARMS_MAX)
        return refuse(reading, "has %d arms; a runner takes up to %d.", (int)list->count, ARMS_MAX);
    plan->arms = allocate(list->count, sizeof *plan->arms);
    for (const struct json_value *entry = list->as.first; entry != NULL; entry = entry->next) {
        const char *id = json_get_string(entry, "id");
        if (!is_id(id, 'a'))
            return refuse(reading, "has '%.60s' among arms, which is no id of the form a\\d+.", id != NULL ? id : "");
        if (plan_arm_index(plan, id) >= 0)
            return refuse(reading, "has arm %s twice. Push the plan again.", id);
        struct plan_arm *arm = &plan->arms[plan->arm_count];
        *arm = (struct plan_arm){
            .id = id,
            .model = json_get_string(entry, "model"),
            .runtime = json_get_string(entry, "runtime"),
            .runtime_version = json_get_string(entry, "runtime_version"),
            .accelerator = json_get(entry, "accelerator"),
            .accelerator_options = json_get(entry, "accelerator_options"),
            .accelerator_library = json_get(entry, "accelerator_library"),
            .cores = json_get(entry, "cores"),
            .library = json_get_string(entry, "library"),
            .worker = json_get(entry, "worker"),
            .input_shapes = json_get(entry, "input_shapes"),
            .web = json_get(entry, "web"),
            .entry = entry,
        };
        if (arm->web != NULL && arm->web->kind == JSON_NULL)
            arm->web = NULL;
        if (arm->model == NULL || arm->runtime == NULL || arm->runtime_version == NULL
            || (arm->worker != NULL && !is_list_of_strings(arm->worker))
            || (arm->web != NULL && arm->web->kind != JSON_OBJECT)
            || !json_get_integer(entry, "threads", 1, 4096, &arm->threads))
            return refuse_key(reading, id, "model, runtime, runtime_version, worker, web or threads");
        plan->arm_count++;
    }
    return true;
}

static bool read_items(struct reading *reading, const struct json_value *list)
{
    struct plan *plan = reading->plan;
    plan->items = allocate(list->count, sizeof *plan->items);
    for (const struct json_value *entry = list->as.first; entry != NULL; entry = entry->next) {
        struct plan_item *item = &plan->items[plan->item_count];
        item->id = json_get_string(entry, "id");
        item->inputs = json_get(entry, "inputs");
        if (!is_id(item->id, 'i'))
            return refuse(reading, "has '%.60s' among items, which is no id of the form i\\d+.",
                          item->id != NULL ? item->id : "");
        if (item->inputs == NULL || item->inputs->kind != JSON_OBJECT)
            return refuse_key(reading, item->id, "inputs");
        for (const struct json_value *files = item->inputs->as.first; files != NULL; files = files->next)
            if (!is_list_of_strings(files))
                return refuse_key(reading, item->id, "inputs");
        plan->item_count++;
    }
    return true;
}

static bool read_latency(struct reading *reading, const struct json_value *entry)
{
    struct latency_options *latency = &reading->plan->latency;
    const struct {
        const char *name;
        int64_t least, most;
        int64_t *value;
    } members[] = {{"block_target_ns", 1, INT64_MAX, &latency->block_target_ns},
                   {"block_min_inferences", 1, INFERENCES_MAX, &latency->block_min_inferences},
                   {"block_max_inferences", 1, INFERENCES_MAX, &latency->block_max_inferences},
                   {"lead_in_inferences", 0, INFERENCES_MAX, &latency->lead_in_inferences},
                   {"settle_ns", 0, SETTLE_MAX_NS, &latency->settle_ns},
                   {"warm_up_min_blocks", 1, INT32_MAX, &latency->warm_up_min_blocks},
                   {"warm_up_max_blocks", 1, INT32_MAX, &latency->warm_up_max_blocks},
                   {"max_ns", 1, INT64_MAX, &latency->max_ns}};
    for (size_t k = 0; k < sizeof members / sizeof *members; k++)
        if (!json_get_integer(entry, members[k].name, members[k].least, members[k].most, members[k].value))
            return refuse_key(reading, "latency", members[k].name);
    const struct optional_integer optional[] = {
        {"reference_target_ns", 0, REFERENCE_TARGET_MAX_NS, 0, &latency->reference_target_ns},
        {"warm_up_again_ns", 0, INT64_MAX, 0, &latency->warm_up_again_ns},
        {"launch_pairs_most", 0, INT32_MAX, 0, &latency->launch_pairs_most}};
    if (!read_optional_integers(reading, entry, "latency", optional, 3))
        return false;
    return (read_number(entry, "warm_up_tolerance", &latency->warm_up_tolerance) && latency->warm_up_tolerance > 0)
           || refuse_key(reading, "latency", "warm_up_tolerance");
}

bool plan_read(const char *path, struct plan *plan, struct bytes *problem)
{
    /* The tree is the plan's: it lives as long as the process. */
    static struct bytes text;
    static struct json_document document;
    struct reading reading = {path, plan, problem};
    if (!bytes_read_file(&text, path, FILE_MAX_BYTES))
        return refuse(&reading, "cannot be read as a plan: %s. Push the plan again.", strerror(errno));
    bytes_add(&text, "", 0); /* an empty file has a buffer too */
    return plan_parse(path, text.data, text.length, &document, plan, problem);
}

void plan_release(struct plan *plan)
{
    for (int k = 0; plan->steps != NULL && k <= plan->step_count && k < plan->step_room; k++)
        free(plan->steps[k].arms);
    for (int k = 0; k < PASSES; k++)
        free(plan->gates[k].conditions);
    free(plan->energy.boundary.probes);
    free(plan->energy.sampled.probes);
    free(plan->memory_probes.probes);
    free(plan->soak_probes.probes);
    free(plan->probes);
    free(plan->arms);
    free(plan->items);
    free(plan->steps);
}

bool plan_parse(const char *path, char *text, size_t length, struct json_document *document, struct plan *plan,
                struct bytes *problem)
{
    struct reading reading = {path, plan, problem};
    const struct json_value *root = json_parse(document, text, length);
    if (root == NULL)
        return refuse(&reading, "cannot be read as a plan: %s at byte %lld. Push the plan again.", document->problem,
                      (long long)document->problem_at);
    const char *schema = json_get_string(root, "schema");
    if (schema == NULL || strcmp(schema, SCHEMA) != 0)
        return refuse(&reading, "has schema '%.60s', this runner needs '%s'. Use matching versions.",
                      schema != NULL ? schema : "", SCHEMA);
    plan->run_id = json_get_string(root, "run_id");
    if (plan->run_id == NULL)
        return refuse_key(&reading, "it", "run_id");
    static const char *const lists[] = {"arms", "items", "steps"};
    for (int k = 0; k < 3; k++)
        if (list_of(root, lists[k]) == NULL)
            return refuse_key(&reading, "it", lists[k]);
    if (!json_get_integer(root, "step_timeout_ns", 1, INT64_MAX / 2, &plan->step_timeout_ns))
        return refuse_key(&reading, "it", "step_timeout_ns");
    return read_latency(&reading, json_get(root, "latency")) && read_arms(&reading, list_of(root, "arms"))
           && read_items(&reading, list_of(root, "items")) && read_steps(&reading, list_of(root, "steps"))
           && read_probes(&reading, root) && read_gates(&reading, json_get(root, "gates"));
}
