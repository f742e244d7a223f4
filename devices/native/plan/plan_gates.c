#include "plan/plan_reading.h"

#define CONDITIONS_MAX 64
#define POLL_DEFAULT_NS INT64_C(250000000)

/* Whether a member is there and is not null. */
static bool is_given(const struct json_value *object, const char *name)
{
    const struct json_value *member = json_get(object, name);
    return member != NULL && member->kind != JSON_NULL;
}

/* Exactly one bound. */
static bool read_bound(const struct json_value *entry, struct gate_condition *condition)
{
    static const struct {
        const char *name;
        enum bound bound;
    } limits[] = {{"at_most", BOUND_AT_MOST}, {"at_least", BOUND_AT_LEAST}, {"rise_at_most", BOUND_RISE}};
    const struct json_value *same = json_get(entry, "same_as_first"), *none_of = json_get(entry, "none_of");
    int count = 0;
    for (size_t k = 0; k < sizeof limits / sizeof *limits; k++) {
        if (!is_given(entry, limits[k].name))
            continue;
        if (!read_number(entry, limits[k].name, &condition->limit))
            return false;
        condition->bound = limits[k].bound;
        count++;
    }
    if (same != NULL && same->kind == JSON_TRUE) {
        condition->bound = BOUND_SAME;
        count++;
    }
    if (none_of != NULL && !is_list_of_strings(none_of))
        return false;
    if (none_of != NULL && none_of->count != 0) {
        condition->bound = BOUND_NONE_OF;
        condition->none_of = none_of;
        count++;
    }
    return count == 1;
}

static bool read_condition(struct reading *reading, const struct json_value *entry, struct gate_rules *rules)
{
    struct gate_condition *condition = &rules->conditions[rules->condition_count];
    const char *after = json_get_string(entry, "after"), *probe = json_get_string(entry, "probe");
    *condition = (struct gate_condition){.id = json_get_string(entry, "id"),
                                         .probe = probe_index(reading->plan, probe),
                                         .after = after != NULL ? after : "",
                                         .scale = 1.0,
                                         .max_wait_ns = -1};
    if (!is_name(condition->id))
        return refuse(reading, "has '%.60s' among the conditions of a gate, which is no id.",
                      condition->id != NULL ? condition->id : "");
    for (int k = 0; k < rules->condition_count; k++)
        if (strcmp(rules->conditions[k].id, condition->id) == 0)
            return refuse(reading, "has condition %s twice in a gate. Push the plan again.", condition->id);
    if (condition->probe < 0)
        return refuse(reading, "names in condition %s a probe '%.60s' that it does not have.", condition->id,
                      probe != NULL ? probe : "");
    if (!read_bound(entry, condition))
        return refuse(reading, "has condition %s without exactly one usable bound. Push the plan again.",
                      condition->id);
    const struct json_value *at_start = json_get(entry, "first_at_start");
    condition->first_at_start = at_start != NULL && at_start->kind == JSON_TRUE;
    if (is_given(entry, "max_wait_ns")
        && !json_get_integer(entry, "max_wait_ns", 0, DURATION_MAX_NS, &condition->max_wait_ns))
        return refuse_key(reading, condition->id, "max_wait_ns");
    condition->budget_ns = 2 * condition->max_wait_ns;
    if (is_given(entry, "budget_ns")
        && !json_get_integer(entry, "budget_ns", 0, DURATION_MAX_NS, &condition->budget_ns))
        return refuse_key(reading, condition->id, "budget_ns");
    if (json_get(entry, "scale") != NULL && !read_number(entry, "scale", &condition->scale))
        return refuse_key(reading, condition->id, "scale");
    rules->condition_count++;
    return true;
}

static bool read_rules(struct reading *reading, const struct json_value *entry, struct gate_rules *rules)
{
    const struct json_value *conditions = json_get(entry, "conditions");
    if (entry->kind != JSON_OBJECT)
        return refuse_key(reading, "it", "gates");
    if (conditions != NULL && (conditions->kind != JSON_ARRAY || conditions->count > CONDITIONS_MAX))
        return refuse_key(reading, "a gate", "conditions");
    const struct optional_integer members[] = {
        {"poll_ns", 1, DURATION_MAX_NS, POLL_DEFAULT_NS, &rules->poll_ns},
        {"max_wait_ns", 0, DURATION_MAX_NS, 0, &rules->max_wait_ns},
        {"budget_ns", 0, DURATION_MAX_NS, 0, &rules->budget_ns}};
    if (!read_optional_integers(reading, entry, "a gate", members, 3))
        return false;
    rules->bounds_others = is_given(entry, "others_busy_cores_at_most");
    if (rules->bounds_others && !read_number(entry, "others_busy_cores_at_most", &rules->others_busy_cores_at_most))
        return refuse_key(reading, "a gate", "others_busy_cores_at_most");
    rules->given = true;
    free(rules->conditions); /* a pass that is named twice */
    rules->condition_count = 0;
    rules->conditions = allocate(conditions != NULL ? conditions->count : 0, sizeof *rules->conditions);
    for (const struct json_value *condition = conditions != NULL ? conditions->as.first : NULL; condition != NULL;
         condition = condition->next)
        if (!read_condition(reading, condition, rules))
            return false;
    return true;
}

bool read_gates(struct reading *reading, const struct json_value *gates)
{
    if (gates == NULL)
        return true;
    if (gates->kind != JSON_OBJECT)
        return refuse_key(reading, "it", "gates");
    for (const struct json_value *entry = gates->as.first; entry != NULL; entry = entry->next) {
        enum pass pass = PASS_LATENCY;
        while (pass < PASSES && strcmp(pass_name(pass), entry->key) != 0)
            pass++;
        if (pass == PASSES)
            return refuse(reading, "has a gate of '%.60s', which is no pass that has gates.", entry->key);
        if (!read_rules(reading, entry, &reading->plan->gates[pass]))
            return false;
    }
    return true;
}
