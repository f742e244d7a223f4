#include "browser/process_tree.h"

#include "platform/proc_size.h"

#define SEEN_MAX 8192

struct seen {
    pid_t pid, parent;
};

/* A small file of /proc/PID; false where it is gone. */
static bool read_proc(pid_t pid, const char *file, struct bytes *text)
{
    char path[80];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return bytes_read_file(text, path, 1 << 16) && text->length != 0;
}

static pid_t pid_of(const char *name)
{
    char *end;
    long long number = strtoll(name, &end, 10);
    return *name >= '0' && *name <= '9' && *end == '\0' && number > 0 && number <= INT32_MAX ? (pid_t)number : 0;
}

/* The second field after the name in parentheses, which may have anything in it. */
static pid_t parent_of(pid_t pid)
{
    struct bytes text = {0};
    pid_t parent = 0;
    if (read_proc(pid, "stat", &text)) {
        const char *name_end = strrchr(text.data, ')');
        if (name_end != NULL && strlen(name_end) > 4)
            parent = (pid_t)strtoll(name_end + 4, NULL, 10);
    }
    bytes_free(&text);
    return parent;
}

/* The state of its main thread, as a letter; 0 where it is gone. */
static char state_of(pid_t pid)
{
    struct bytes text = {0};
    char state = 0;
    if (read_proc(pid, "stat", &text)) {
        const char *name_end = strrchr(text.data, ')');
        if (name_end != NULL && strlen(name_end) > 2)
            state = name_end[2];
    }
    bytes_free(&text);
    return state;
}

bool process_has_ended(pid_t pid)
{
    char state = state_of(pid);
    return state == 0 || state == 'Z' || state == 'X';
}

bool process_is_running(pid_t pid)
{
    return state_of(pid) == 'R';
}

static bool ends_with(const char *line, const char *ending)
{
    size_t length = strlen(line), ending_length = strlen(ending);
    return length >= ending_length && strcmp(line + length - ending_length, ending) == 0;
}

static enum process_role role_of(pid_t pid)
{
    struct bytes text = {0};
    enum process_role role = PROCESS_OTHER;
    if (read_proc(pid, "cmdline", &text)) {
        for (size_t k = 0; k < text.length; k++)
            if (text.data[k] == '\0')
                text.data[k] = ' ';
        while (text.length > 0 && text.data[text.length - 1] == ' ')
            text.data[--text.length] = '\0';
        if (strstr(text.data, "--type=gpu-process") != NULL || ends_with(text.data, " gpu"))
            role = PROCESS_GPU;
        else if (strstr(text.data, "--type=renderer") != NULL || strstr(text.data, " -isForBrowser ") != NULL
                 || ends_with(text.data, " web") || ends_with(text.data, " tab"))
            role = PROCESS_PAGE;
    }
    bytes_free(&text);
    return role;
}

void process_tree_read(struct process_tree *tree, pid_t root)
{
    struct seen *seen = allocate(SEEN_MAX, sizeof *seen);
    int seen_count = 0;
    DIR *folder = opendir("/proc");
    tree->count = 0;
    for (struct dirent *entry; folder != NULL && seen_count < SEEN_MAX && (entry = readdir(folder)) != NULL;) {
        pid_t pid = pid_of(entry->d_name);
        if (pid != 0)
            seen[seen_count++] = (struct seen){pid, parent_of(pid)};
    }
    if (folder != NULL)
        closedir(folder);
    for (int k = 0; k < seen_count; k++)
        if (seen[k].pid == root)
            tree->processes[tree->count++] = (struct process){root, PROCESS_BROWSER};
    for (int at = 0; at < tree->count; at++)
        for (int k = 0; k < seen_count && tree->count < PROCESSES_MAX; k++)
            if (seen[k].parent == tree->processes[at].pid)
                tree->processes[tree->count++] = (struct process){seen[k].pid, role_of(seen[k].pid)};
    free(seen);
}

int64_t process_cpu_ns(pid_t pid)
{
    char path[64];
    int64_t total_ns = -1;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        struct bytes text = {0};
        char file[80];
        snprintf(file, sizeof file, "task/%d/schedstat", (int)pid_of(entry->d_name));
        if (pid_of(entry->d_name) != 0 && read_proc(pid, file, &text) && text.data[0] >= '0' && text.data[0] <= '9')
            total_ns = (total_ns < 0 ? 0 : total_ns) + strtoll(text.data, NULL, 10);
        bytes_free(&text);
    }
    if (folder != NULL)
        closedir(folder);
    return total_ns;
}

int64_t process_tree_cpu_ns(pid_t root)
{
    struct process_tree tree;
    int64_t total_ns = -1;
    process_tree_read(&tree, root);
    for (int k = 0; k < tree.count; k++) {
        int64_t worked_ns = process_cpu_ns(tree.processes[k].pid);
        if (worked_ns >= 0)
            total_ns = (total_ns < 0 ? 0 : total_ns) + worked_ns;
    }
    return total_ns;
}

int64_t process_size_bytes(pid_t pid, const char *file, const char *key)
{
    char path[80];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return proc_size_bytes(path, key);
}
