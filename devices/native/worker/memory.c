#include "worker/memory.h"

#include "platform/proc_size.h"

#define MEBIBYTE 1048576

struct size {
    const char *name;
    const char *path;
    const char *key;
};

static const struct size rss = {"rss_bytes", "/proc/self/status", "VmRSS"};
static const struct size peak_rss = {"peak_rss_bytes", "/proc/self/status", "VmHWM"};
static const struct size rss_anon = {"rss_anon_bytes", "/proc/self/status", "RssAnon"};
static const struct size pss = {"pss_bytes", "/proc/self/smaps_rollup", "Pss"};

static void write_sizes(struct json_writer *writer, const struct size *const sizes[3])
{
    struct json_writer notes = {0};
    for (int k = 0; k < 3; k++) {
        int64_t value = proc_size_bytes(sizes[k]->path, sizes[k]->key);
        json_size_member(writer, sizes[k]->name, value);
        if (value >= 0)
            continue;
        struct bytes note = {0};
        bytes_format(&note, "%s is unavailable: /proc/self does not say it", sizes[k]->name);
        json_string(&notes, note.data);
        bytes_free(&note);
    }
    json_list_member(writer, "notes", &notes);
    bytes_free(&notes.out);
}

void memory_write(struct json_writer *writer)
{
    const struct size *const sizes[3] = {&rss, &peak_rss, &pss};
    write_sizes(writer, sizes);
}

void memory_write_of_soak(struct json_writer *writer)
{
    const struct size *const sizes[3] = {&rss, &rss_anon, &pss};
    write_sizes(writer, sizes);
}

/* Linux 4.0, proc(5): 5 into clear_refs resets VmHWM. */
void memory_reset_peak(struct json_writer *writer)
{
    int64_t peak = proc_size_bytes("/proc/self/status", "VmHWM"), now = proc_size_bytes("/proc/self/status", "VmRSS");
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    bool reset = fd >= 0 && write(fd, "5", 1) == 1;
    struct bytes note = {0};
    if (!reset)
        bytes_format(&note, "peak while running is unavailable: VmHWM cannot be reset: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    if (reset && peak - now > MEBIBYTE && proc_size_bytes("/proc/self/status", "VmHWM") == peak) {
        reset = false;
        bytes_text(&note, "peak while running is unavailable: VmHWM did not change when reset");
    }
    json_name(writer, "reset");
    json_bool(writer, reset);
    json_name(writer, "notes");
    json_open(writer, '[');
    if (!reset)
        json_string(writer, note.data);
    json_close(writer, ']');
    bytes_free(&note);
}
