#include "conductor/machine.h"

#include "platform/clock.h"

/* The numbers that follow `prefix` in a folder's names, in order. */
static int numbered(const char *folder, const char *prefix, int numbers[], int most)
{
    DIR *open_folder = opendir(folder);
    int count = 0;
    if (open_folder == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;) {
        const char *digits = entry->d_name + strlen(prefix);
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || *digits < '0' || *digits > '9')
            continue;
        char *end;
        long long number = strtoll(digits, &end, 10);
        if (*end != '\0' || number > 1000000 || count == most)
            continue;
        int place = count++;
        for (; place > 0 && numbers[place - 1] > (int)number; place--)
            numbers[place] = numbers[place - 1];
        numbers[place] = (int)number;
    }
    closedir(open_folder);
    return count;
}

__attribute__((format(printf, 1, 2))) static int open_file(const char *format, ...)
{
    char path[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    return length > 0 && (size_t)length < sizeof path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

/* What an open file says now, without white space at its ends; false where it cannot be read. */
static bool read_now(int fd, char *text, size_t size)
{
    ssize_t got = fd >= 0 ? pread(fd, text, size - 1, 0) : -1;
    if (got < 0)
        return false;
    while (got > 0 && (text[got - 1] == '\n' || text[got - 1] == ' ' || text[got - 1] == '\0'))
        got--;
    text[got] = '\0';
    return true;
}

static int64_t integer_now(int fd)
{
    char text[64], *end = text;
    if (!read_now(fd, text, sizeof text) || *text == '\0')
        return INT64_MIN;
    int64_t value = strtoll(text, &end, 10);
    return *end == '\0' ? value : INT64_MIN;
}

static void open_zones(struct machine *machine, const char *root)
{
    char folder[512], kind[128];
    int numbers[ZONES_MAX];
    snprintf(folder, sizeof folder, "%s/sys/class/thermal", root);
    int count = numbered(folder, "thermal_zone", numbers, ZONES_MAX);
    for (int k = 0; k < count; k++) {
        int file = open_file("%s/thermal_zone%d/temp", folder, numbers[k]);
        int type = open_file("%s/thermal_zone%d/type", folder, numbers[k]);
        if (file < 0) {
            if (type >= 0)
                close(type);
            continue;
        }
        struct bytes name = {0};
        if (read_now(type, kind, sizeof kind) && *kind != '\0')
            bytes_text(&name, kind);
        else
            bytes_format(&name, "thermal_zone%d", numbers[k]);
        for (int other = 0; other < machine->zone_count; other++) {
            if (strcmp(machine->zones[other].name, name.data) == 0) {
                bytes_format(&name, " (thermal_zone%d)", numbers[k]);
                break;
            }
        }
        if (type >= 0)
            close(type);
        machine->zones[machine->zone_count].name = name.data;
        machine->zones[machine->zone_count++].file = file;
    }
}

void machine_open(struct machine *machine, const char *root)
{
    char folder[512];
    int numbers[CPUS_MAX], policies[CPUS_MAX];
    machine->load = open_file("%s/proc/loadavg", root);
    machine->memory = open_file("%s/proc/meminfo", root);
    machine->stat = open_file("%s/proc/stat", root);
    int boot = open_file("%s/proc/sys/kernel/random/boot_id", root);
    if (!read_now(boot, machine->boot_id, sizeof machine->boot_id))
        machine->boot_id[0] = '\0';
    if (boot >= 0)
        close(boot);
    snprintf(folder, sizeof folder, "%s/sys/devices/system/cpu", root);
    int cpus = numbered(folder, "cpu", numbers, CPUS_MAX);
    for (int k = 0; k < cpus; k++) {
        int file = open_file("%s/cpu%d/cpufreq/scaling_cur_freq", folder, numbers[k]);
        if (file >= 0)
            machine->frequencies[machine->frequency_count++] = file;
    }
    snprintf(folder, sizeof folder, "%s/sys/devices/system/cpu/cpufreq", root);
    int policy_count = numbered(folder, "policy", policies, CPUS_MAX);
    for (int k = 0; k < policy_count; k++) {
        int file = open_file("%s/policy%d/scaling_governor", folder, policies[k]);
        if (file >= 0)
            machine->governors[machine->governor_count++] = file;
    }
    for (int k = 0; policy_count == 0 && k < cpus; k++) {
        int file = open_file("%s/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", root, numbers[k]);
        if (file >= 0)
            machine->governors[machine->governor_count++] = file;
    }
    open_zones(machine, root);
}

/* The different governors, in alphabetical order, with + between them. */
static void read_governors(const struct machine *machine, char *joined, size_t size)
{
    char names[8][32];
    int count = 0;
    size_t used = 0;
    for (int k = 0; k < machine->governor_count; k++) {
        char name[32];
        if (!read_now(machine->governors[k], name, sizeof name) || *name == '\0')
            continue;
        int place = 0;
        while (place < count && strcmp(names[place], name) < 0)
            place++;
        if (count == 8 || (place < count && strcmp(names[place], name) == 0))
            continue;
        memmove(names + place + 1, names + place, (size_t)(count - place) * sizeof *names);
        memcpy(names[place], name, sizeof name);
        count++;
    }
    joined[0] = '\0';
    for (int k = 0; k < count; k++) {
        int length = snprintf(joined + used, size - used, k == 0 ? "%s" : "+%s", names[k]);
        used += length > 0 ? (size_t)length : 0;
        if (used >= size)
            return;
    }
}

bool machine_read_ticks(const struct machine *machine, struct cpu_ticks *ticks)
{
    /* user, nice, system, idle, iowait, irq, softirq, steal (proc(5)); guests' times are in user and nice already. */
    enum { IDLE = 3, IOWAIT = 4, COLUMNS = 8, NEEDED = 7 };
    char text[32768], *at = text + 4, *end;
    if (!read_now(machine->stat, text, sizeof text) || strncmp(text, "cpu ", 4) != 0)
        return false;
    *ticks = (struct cpu_ticks){0, 0, 0};
    for (int column = 0; column < COLUMNS; column++, at = end) {
        while (*at == ' ')
            at++;
        int64_t value = *at >= '0' && *at <= '9' ? strtoll(at, &end, 10) : -1;
        if (value < 0 || value > INT64_MAX / 2 - ticks->total) {
            if (column < NEEDED)
                return false;
            break;
        }
        ticks->total += value;
        if (column != IDLE && column != IOWAIT)
            ticks->busy += value;
    }
    for (const char *line = strstr(text, "\ncpu"); line != NULL; line = strstr(line + 1, "\ncpu"))
        ticks->cpus++;
    return true;
}

void machine_read(const struct machine *machine, struct context *context)
{
    char text[4096];
    context->monotonic_ns = clock_ns();
    context->tells_suspension = suspended_ns(&context->suspended_ns);
    context->load_1min = read_now(machine->load, text, sizeof text) && *text != '\0' ? strtod(text, NULL) : -1.0;
    context->memory_available_bytes = -1;
    if (read_now(machine->memory, text, sizeof text)) {
        const char *line = strstr(text, "MemAvailable:");
        if (line != NULL && (line == text || line[-1] == '\n'))
            context->memory_available_bytes = strtoll(line + strlen("MemAvailable:"), NULL, 10) * 1024;
    }
    struct cpu_ticks ticks;
    bool counted = machine_read_ticks(machine, &ticks);
    context->cpu_busy_ticks = counted ? ticks.busy : -1;
    context->cpu_total_ticks = counted ? ticks.total : -1;
    /* A list with holes would no longer say which CPU is which. */
    context->frequency_count = machine->frequency_count;
    for (int k = 0; k < machine->frequency_count; k++) {
        context->frequencies_khz[k] = integer_now(machine->frequencies[k]);
        if (context->frequencies_khz[k] == INT64_MIN)
            context->frequency_count = 0;
    }
    read_governors(machine, context->governor, sizeof context->governor);
    for (int k = 0; k < machine->zone_count; k++)
        context->zone_millidegrees[k] = integer_now(machine->zones[k].file);
}

void context_write(struct json_writer *writer, const char *name, const struct machine *machine,
                   const struct context *context)
{
    if (name != NULL)
        json_name(writer, name);
    json_open(writer, '{');
    json_integer_member(writer, "monotonic_ns", context->monotonic_ns);
    json_name(writer, "load_1min");
    if (context->load_1min < 0)
        json_null(writer);
    else
        json_real(writer, context->load_1min);
    json_name(writer, "cpu_frequency_khz");
    if (context->frequency_count == 0) {
        json_null(writer);
    } else {
        json_open(writer, '[');
        for (int k = 0; k < context->frequency_count; k++)
            json_integer(writer, context->frequencies_khz[k]);
        json_close(writer, ']');
    }
    json_string_member(writer, "governor", context->governor[0] != '\0' ? context->governor : NULL);
    json_name(writer, "temperature_celsius");
    json_open(writer, '{');
    for (int k = 0; k < machine->zone_count; k++) {
        if (context->zone_millidegrees[k] == INT64_MIN)
            continue;
        json_name(writer, machine->zones[k].name);
        json_real(writer, (double)context->zone_millidegrees[k] / 1000);
    }
    json_close(writer, '}');
    json_string_member(writer, "boot_id", machine->boot_id[0] != '\0' ? machine->boot_id : NULL);
    json_size_member(writer, "memory_available_bytes", context->memory_available_bytes);
    json_size_member(writer, "cpu_busy_ticks", context->cpu_busy_ticks);
    json_size_member(writer, "cpu_total_ticks", context->cpu_total_ticks);
    if (context->tells_suspension)
        json_integer_member(writer, "suspended_ns", context->suspended_ns);
    json_close(writer, '}');
}
