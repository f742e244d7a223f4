#include "worker/affinity.h"

#define LONG_BITS (8 * sizeof(unsigned long))

struct mask {
    unsigned long bits[CORES_MAX / LONG_BITS];
};

bool affinity_set(struct affinity *affinity, const struct json_value *cores, struct failure *failure)
{
    struct mask mask = {{0}};
    *affinity = (struct affinity){.is_asked = false};
    if (cores == NULL || cores->kind == JSON_NULL)
        return true;
    if (cores->kind != JSON_ARRAY || cores->count == 0)
        return fail(failure, "ValueError", "the cores of an arm are no list of core numbers");
    for (const struct json_value *core = cores->as.first; core != NULL; core = core->next) {
        if (core->kind != JSON_INTEGER || core->as.integer < 0 || core->as.integer >= CORES_MAX)
            return fail(failure, "ValueError", "a core is a number from 0 to %d", CORES_MAX - 1);
        affinity->asked[core->as.integer] = 1;
        mask.bits[(size_t)core->as.integer / LONG_BITS] |= 1UL << ((size_t)core->as.integer % LONG_BITS);
    }
    affinity->is_asked = true;
    if (sched_setaffinity(0, sizeof mask, (const cpu_set_t *)&mask) != 0)
        snprintf(affinity->problem, sizeof affinity->problem, "sched_setaffinity: %s", strerror(errno));
    return true;
}

/* Adds the cores that any thread of this process may run on; a runtime may have moved its own. */
static bool read_all_threads(struct mask *all)
{
    DIR *tasks = opendir("/proc/self/task");
    bool any = false;
    if (tasks == NULL)
        return false;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        struct mask mask = {{0}};
        long long thread = strtoll(entry->d_name, NULL, 10);
        if (thread <= 0 || sched_getaffinity((pid_t)thread, sizeof mask, (cpu_set_t *)&mask) < 0)
            continue;
        any = true;
        for (size_t k = 0; k < sizeof mask.bits / sizeof *mask.bits; k++)
            all->bits[k] |= mask.bits[k];
    }
    closedir(tasks);
    return any;
}

void affinity_write(struct json_writer *writer, const struct affinity *affinity)
{
    struct mask all = {{0}};
    json_name(writer, "cores_asked");
    if (!affinity->is_asked) {
        json_null(writer);
        json_name(writer, "cores");
        json_null(writer);
        return;
    }
    json_open(writer, '[');
    for (int core = 0; core < CORES_MAX; core++)
        if (affinity->asked[core])
            json_integer(writer, core);
    json_close(writer, ']');
    json_name(writer, "cores");
    if (!read_all_threads(&all)) {
        json_null(writer);
        return;
    }
    json_open(writer, '[');
    for (size_t core = 0; core < CORES_MAX; core++)
        if (all.bits[core / LONG_BITS] >> (core % LONG_BITS) & 1)
            json_integer(writer, (int64_t)core);
    json_close(writer, ']');
}
