#include "plan/plan_reading.h"

#define STEPS_MAX 1000000

const char *pass_name(enum pass pass)
{
    static const char *const names[] = {"latency", "memory", "energy"};
    return pass < PASSES ? names[pass] : "";
}

enum pass pass_of_step(enum step_kind kind)
{
    switch (kind) {
    case STEP_WARM_UP:
    case STEP_LATENCY_PAIR: return PASS_LATENCY;
    case STEP_MEMORY: return PASS_MEMORY;
    case STEP_ENERGY: return PASS_ENERGY;
    default: return PASS_NONE;
    }
}

static int item_index(const struct plan *plan, const char *id)
{
    if (id == NULL)
        return -1;
    /* Items are numbered in order by the host, so the id usually says where it is. */
    int64_t guess = strtoll(id + (*id != '\0'), NULL, 10);
    if (guess >= 0 && guess < plan->item_count && strcmp(plan->items[guess].id, id) == 0)
        return (int)guess;
    for (int k = 0; k < plan->item_count; k++)
        if (strcmp(plan->items[k].id, id) == 0)
            return k;
    return -1;
}

static bool read_arm_list(struct reading *reading, const struct json_value *entry, const char *name,
                          struct plan_step *step)
{
    const struct json_value *list = list_of(entry, name);
    if (list == NULL || list->count > ARMS_MAX)
        return refuse_key(reading, "a step", name);
    step->arms = allocate(list->count, 1);
    for (const struct json_value *id = list->as.first; id != NULL; id = id->next) {
        int arm = id->kind == JSON_STRING ? plan_arm_index(reading->plan, id->as.string) : -1;
        for (int k = 0; k < step->arm_count; k++)
            arm = step->arms[k] == arm ? -1 : arm;
        if (arm < 0)
            return refuse(reading, "names in step %lld an arm that it does not have, or one twice.",
                          (long long)step->number);
        step->arms[step->arm_count++] = (unsigned char)arm;
    }
    return true;
}

/* The numbers that a kind of step has. */
static bool read_numbers(struct reading *reading, const struct json_value *entry, struct plan_step *step)
{
    const struct {
        enum step_kind kind;
        const char *name;
        int64_t least, most;
        int64_t *value;
    } members[] = {{STEP_MEMORY, "repeat", INT32_MIN, INT32_MAX, &step->repeat},
                   {STEP_MEMORY, "inferences", 1, INFERENCES_MAX, &step->inferences},
                   {STEP_LATENCY_PAIR, "pair", INT32_MIN, INT32_MAX, &step->pair},
                   {STEP_ENERGY, "cycle", INT32_MIN, INT32_MAX, &step->cycle},
                   {STEP_ENERGY, "position", INT32_MIN, INT32_MAX, &step->position},
                   {STEP_ENERGY, "duration_ns", 1, DURATION_MAX_NS, &step->duration_ns},
                   {STEP_PAGE, "repeat", INT32_MIN, INT32_MAX, &step->repeat},
                   {STEP_PAGE, "duration_ns", 1, DURATION_MAX_NS, &step->duration_ns},
                   {STEP_SOAK, "duration_ns", 1, DURATION_MAX_NS, &step->duration_ns},
                   {STEP_SOAK, "window_ns", 1, DURATION_MAX_NS, &step->window_ns}};
    for (size_t k = 0; k < sizeof members / sizeof *members; k++)
        if (members[k].kind == step->kind
            && !json_get_integer(entry, members[k].name, members[k].least, members[k].most, members[k].value))
            return refuse(reading, "has no usable '%s' in step %lld. Push the plan again.", members[k].name,
                          (long long)step->number);
    return true;
}

static bool read_step(struct reading *reading, const struct json_value *entry, struct plan_step *step)
{
    static const struct {
        const char *name;
        enum step_kind kind;
        const char *arms; /* the member that lists several of them */
    } kinds[] = {{"quality", STEP_QUALITY, NULL},       {"memory", STEP_MEMORY, NULL},
                 {"warm_up", STEP_WARM_UP, "arms"},     {"latency_pair", STEP_LATENCY_PAIR, "order"},
                 {"energy", STEP_ENERGY, NULL},         {"soak", STEP_SOAK, NULL},
                 {"page", STEP_PAGE, NULL}};
    const char *arms = NULL;
    step->arm = step->item = -1;
    step->kind_name = json_get_string(entry, "kind");
    if (step->kind_name == NULL || !json_get_integer(entry, "step", 0, INT32_MAX, &step->number))
        return refuse_key(reading, "a step", "step or kind");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (strcmp(kinds[k].name, step->kind_name) == 0) {
            step->kind = kinds[k].kind;
            arms = kinds[k].arms;
        }
    }
    if (step->kind == STEP_UNKNOWN)
        return true;
    step->item = item_index(reading->plan, json_get_string(entry, "item"));
    const struct json_value *named = json_get(entry, "arm");
    bool idles = step->kind == STEP_ENERGY && named != NULL && named->kind == JSON_NULL;
    bool has_arm = arms == NULL && !idles;
    if (has_arm)
        step->arm = plan_arm_index(reading->plan, json_get_string(entry, "arm"));
    if (step->item < 0 || (has_arm && step->arm < 0))
        return refuse(reading, "names in step %lld an arm or an item that it does not have.", (long long)step->number);
    const struct json_value *fresh = json_get(entry, "fresh"), *launch = json_get(entry, "launch");
    step->fresh = fresh != NULL && fresh->kind == JSON_TRUE;
    step->launch = -1;
    if (launch != NULL && launch->kind != JSON_NULL && !json_get_integer(entry, "launch", 0, INT32_MAX, &step->launch))
        return refuse_key(reading, "a step", "launch");
    return read_numbers(reading, entry, step) && (arms == NULL || read_arm_list(reading, entry, arms, step));
}

bool read_steps(struct reading *reading, const struct json_value *list)
{
    struct plan *plan = reading->plan;
    if (list->count > STEPS_MAX)
        return refuse(reading, "has more than %d steps.", STEPS_MAX);
    plan->steps = allocate(list->count, sizeof *plan->steps);
    plan->step_room = (int)list->count;
    int64_t before = -1;
    for (const struct json_value *entry = list->as.first; entry != NULL; entry = entry->next) {
        struct plan_step *step = &plan->steps[plan->step_count];
        if (!read_step(reading, entry, step))
            return false;
        if (step->number <= before)
            return refuse(reading, "has step %lld after step %lld.", (long long)step->number, (long long)before);
        before = step->number;
        plan->step_count++;
    }
    return true;
}
