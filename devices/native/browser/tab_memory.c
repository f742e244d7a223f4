/* Requests about sizes: of the process that a frame has, and of all of the browser's, each with its source. */
#include "browser/tab_holder.h"

#include "browser/answer_members.h"
#include "browser/process_tree.h"
#include "platform/clock.h"

#define MEMORY_TIMEOUT_NS INT64_C(30000000000)

bool answer_reset_peak(struct tab_request *asked, struct json_writer *writer, struct failure *failure)
{
    struct json_writer notes = {0};
    struct bytes note = {0};
    char path[64];
    bool reset = false;
    (void)failure;
    bytes_text(&note, "peak while running is unavailable: ");
    if (asked->frame->pid > 0) {
        snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)asked->frame->pid);
        /* Linux 4.0, proc(5): 5 into clear_refs resets VmHWM. */
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        reset = fd >= 0 && write(fd, "5", 1) == 1;
        bytes_format(&note, "VmHWM of the page's process cannot be reset: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
    } else {
        bytes_text(&note, "which process the page has is unknown");
    }
    json_name(writer, "reset");
    json_bool(writer, reset);
    if (!reset)
        json_string(&notes, note.data);
    json_list_member(writer, "notes", &notes);
    bytes_free(&notes.out);
    bytes_free(&note);
    return true;
}

void write_process_size(struct json_writer *writer, struct json_writer *notes, pid_t pid, const char *name,
                        const char *file, const char *key)
{
    int64_t bytes = pid > 0 ? process_size_bytes(pid, file, key) : -1;
    struct bytes note = {0};
    json_size_member(writer, name, bytes);
    bytes_format(&note, "%s is unavailable: it is not told of the page's process", name);
    if (bytes < 0)
        json_string(notes, note.data);
    bytes_free(&note);
}

static void add_part(struct json_writer *parts, const char *of, const char *what, int64_t bytes, const char *source)
{
    json_open(parts, '{');
    json_string_member(parts, "of", of);
    json_string_member(parts, "what", what);
    json_integer_member(parts, "bytes", bytes);
    json_string_member(parts, "source", source);
    json_close(parts, '}');
}

enum share { SHARE_PSS, SHARE_PRIVATE };

/* What a process has of its own (anonymous memory and what of it is swapped out, as Chromium counts a private footprint),
 * or its proportional share; −1 where it does not tell. */
static int64_t share_bytes(pid_t pid, enum share share)
{
    if (share == SHARE_PSS)
        return process_size_bytes(pid, "smaps_rollup", "Pss");
    int64_t anonymous = process_size_bytes(pid, "status", "RssAnon"), swapped = process_size_bytes(pid, "status", "VmSwap");
    return anonymous < 0 || swapped < 0 ? -1 : anonymous + swapped;
}

/* The sum over the page's process, the GPU's, or all of the browser's, where each of them tells its own. */
static bool add_share(struct json_writer *parts, const struct tab_request *asked, const struct process_tree *tree,
                      enum share share)
{
    static const char *const names[] = {"page", "gpu_process", "all_processes"};
    bool is_known = true;
    for (int of = 0; of < 3; of++) {
        int64_t total = 0;
        int count = 0;
        bool is_whole = true;
        for (int k = 0; k < tree->count; k++) {
            const struct process *process = &tree->processes[k];
            if ((of == 0 && process->pid != asked->frame->pid) || (of == 1 && process->role != PROCESS_GPU))
                continue;
            int64_t bytes = share_bytes(process->pid, share);
            is_whole = is_whole && bytes >= 0;
            total += bytes;
            count++;
        }
        if (is_whole && count != 0)
            add_part(parts, names[of], share == SHARE_PSS ? "pss" : "private_footprint", total,
                     share == SHARE_PSS ? "/proc smaps_rollup" : "/proc status: RssAnon and VmSwap");
        is_known = is_known && is_whole;
    }
    return is_known && tree->count != 0;
}

/* What the browser tells a page of its own heaps, where it does. */
static bool add_own_account(struct json_writer *parts, struct json_writer *notes, struct tab_request *asked,
                            struct failure *failure)
{
    static const char unavailable[] = "the page's own account of its memory is unavailable: ";
    const struct json_value *said;
    int64_t limit_ns = clock_ns() + MEMORY_TIMEOUT_NS, bytes = -1;
    struct bytes note = {0};
    bytes_text(&note, unavailable);
    if (!page_ask_plainly(&asked->frame->page, "memory", limit_ns < asked->holder->until_ns ? limit_ns : asked->holder->until_ns,
                          &said, failure)) {
        /* A page that is gone, or says nothing more, is no page to go on with. */
        bool is_said = strcmp(failure->error, PAGE_GONE) != 0 && strcmp(failure->error, PAGE_SILENT) != 0;
        add_one_line(&note, failure->message, sizeof unavailable + 200);
        if (is_said)
            json_string(notes, note.data);
        bytes_free(&note);
        return is_said;
    }
    const char *why = json_get_string(said, "note");
    if (!answer_whole_or_null(said, "bytes", &bytes, failure)) {
        bytes_free(&note);
        return false;
    }
    add_one_line(&note, why != NULL ? why : "it says nothing", 200);
    if (bytes >= 0)
        add_part(parts, "page", "own_account", bytes, "measureUserAgentSpecificMemory");
    else
        json_string(notes, note.data);
    bytes_free(&note);
    return true;
}

bool answer_memory(struct tab_request *asked, struct json_writer *writer, struct failure *failure)
{
    struct json_writer notes = {0}, parts = {0};
    struct process_tree tree = {0};
    bool good = true;
    pid_t pid = asked->frame->pid;
    write_process_size(writer, &notes, pid, "rss_bytes", "status", "VmRSS");
    write_process_size(writer, &notes, pid, "peak_rss_bytes", "status", "VmHWM");
    write_process_size(writer, &notes, pid, "pss_bytes", "smaps_rollup", "Pss");
    if (asked->tab->browser.pid > 0)
        process_tree_read(&tree, asked->tab->browser.pid);
    add_share(&parts, asked, &tree, SHARE_PSS);
    if (!add_share(&parts, asked, &tree, SHARE_PRIVATE)) {
        json_string(&notes, "private footprints are unavailable: the browser's processes do not tell them");
        good = add_own_account(&parts, &notes, asked, failure);
    }
    json_list_member(writer, "parts", &parts);
    json_list_member(writer, "notes", &notes);
    bytes_free(&parts.out);
    bytes_free(&notes.out);
    return good;
}
