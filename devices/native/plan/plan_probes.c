#include "plan/plan_reading.h"

#define PROBES_MAX 256
#define ARGV_MAX_WORDS 256
#define FILE_DEFAULT_BYTES 16384
#define COMMAND_DEFAULT_BYTES 65536
#define TEXT_MAX_BYTES (1 << 20)
#define TIMEOUT_DEFAULT_NS INT64_C(5000000000)
#define SAMPLE_EVERY_DEFAULT_NS INT64_C(250000000)

bool is_name(const char *id)
{
    if (id == NULL || *id < 'a' || *id > 'z' || strlen(id) > 64)
        return false;
    for (id++; *id != '\0'; id++)
        if ((*id < 'a' || *id > 'z') && (*id < '0' || *id > '9') && *id != '_')
            return false;
    return true;
}

int probe_index(const struct plan *plan, const char *id)
{
    for (int k = 0; id != NULL && k < plan->probe_count; k++)
        if (strcmp(plan->probes[k].id, id) == 0)
            return k;
    return -1;
}

static bool read_probe(struct reading *reading, const struct json_value *entry, struct probe *probe)
{
    const char *kind = json_get_string(entry, "kind");
    probe->id = json_get_string(entry, "id");
    if (!is_name(probe->id))
        return refuse(reading, "has '%.60s' among probes, which is no id.", probe->id != NULL ? probe->id : "");
    if (probe_index(reading->plan, probe->id) >= 0)
        return refuse(reading, "has probe %s twice. Push the plan again.", probe->id);
    bool is_command = kind != NULL && strcmp(kind, "command") == 0;
    if (!is_command && (kind == NULL || strcmp(kind, "file") != 0))
        return refuse_key(reading, probe->id, "kind");
    if (is_command) {
        probe->argv = json_get(entry, "argv");
        if (!is_list_of_strings(probe->argv) || probe->argv->count == 0 || probe->argv->count > ARGV_MAX_WORDS)
            return refuse_key(reading, probe->id, "argv");
    } else {
        probe->path = json_get_string(entry, "path");
        if (probe->path == NULL)
            return refuse_key(reading, probe->id, "path");
    }
    const struct optional_integer members[] = {
        {"max_bytes", 1, TEXT_MAX_BYTES, is_command ? COMMAND_DEFAULT_BYTES : FILE_DEFAULT_BYTES, &probe->max_bytes},
        {"timeout_ns", 1, DURATION_MAX_NS, TIMEOUT_DEFAULT_NS, &probe->timeout_ns}};
    return read_optional_integers(reading, entry, probe->id, members, 2);
}

/* A list of ids that need not be there. */
static bool read_probe_list(struct reading *reading, const struct json_value *object, const char *name,
                            struct probe_list *list)
{
    const struct json_value *ids = json_get(object, name);
    if (ids == NULL)
        return true;
    if (!is_list_of_strings(ids) || ids->count > PROBES_MAX)
        return refuse_key(reading, "it", name);
    list->probes = allocate(ids->count, sizeof *list->probes);
    for (const struct json_value *id = ids->as.first; id != NULL; id = id->next) {
        int probe = probe_index(reading->plan, id->as.string);
        if (probe < 0)
            return refuse(reading, "names in %s a probe '%.60s' that it does not have.", name, id->as.string);
        list->probes[list->count++] = probe;
    }
    return true;
}

bool read_probes(struct reading *reading, const struct json_value *root)
{
    struct plan *plan = reading->plan;
    const struct json_value *probes = json_get(root, "probes"), *energy = json_get(root, "energy");
    if (probes != NULL && (probes->kind != JSON_ARRAY || probes->count > PROBES_MAX))
        return refuse_key(reading, "it", "probes");
    if (energy != NULL && energy->kind != JSON_OBJECT)
        return refuse_key(reading, "it", "energy");
    plan->probes = allocate(probes != NULL ? probes->count : 0, sizeof *plan->probes);
    const struct json_value *entry = probes != NULL ? probes->as.first : NULL;
    for (; entry != NULL; entry = entry->next) {
        if (!read_probe(reading, entry, &plan->probes[plan->probe_count]))
            return false;
        plan->probe_count++;
    }
    const struct optional_integer members[] = {
        {"lead_in_ns", 0, DURATION_MAX_NS, 0, &plan->energy.lead_in_ns},
        {"rest_ns", 0, DURATION_MAX_NS, 0, &plan->energy.rest_ns},
        {"slices", 0, SLICES_MAX, 0, &plan->energy.slices},
        {"sample_every_ns", 1, DURATION_MAX_NS, SAMPLE_EVERY_DEFAULT_NS, &plan->energy.sample_every_ns}};
    return read_optional_integers(reading, energy, "energy", members, sizeof members / sizeof *members)
           && read_probe_list(reading, energy, "boundary_probes", &plan->energy.boundary)
           && read_probe_list(reading, energy, "sampled_probes", &plan->energy.sampled)
           && read_probe_list(reading, root, "memory_probes", &plan->memory_probes)
           && read_probe_list(reading, root, "soak_probes", &plan->soak_probes);
}
