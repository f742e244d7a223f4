#include "conductor/journal.h"

#include "platform/clock.h"
#include "platform/failure.h"

#define LINE_MAX_BYTES ((size_t)256 << 20)

struct past {
    struct journal *journal;
    struct progress *progress;
    int64_t whole_bytes;
    bool torn;
};

/* Takes in one line, its end included; false where records are damaged in the middle. */
static bool take_line(struct past *past, char *line, size_t length)
{
    /* What a probe read may have any byte in it. */
    struct json_document document = {.nul_is_replaced = true};
    int64_t n = 0, session = 0;
    const struct json_value *record = line[length - 1] == '\n' ? json_parse(&document, line, length - 1) : NULL;
    bool whole =
        json_get_integer(record, "n", 0, INT64_MAX, &n) && json_get_integer(record, "session", 0, INT32_MAX, &session);
    bool fits = whole && !past->torn && n == past->journal->next;
    if (fits) {
        past->journal->next++;
        if (session >= past->journal->session)
            past->journal->session = session + 1;
        past->whole_bytes += (int64_t)length;
        progress_take(past->progress, record);
    }
    json_release(&document);
    /* A power loss may leave more than one torn line, and nothing whole after them. */
    past->torn = past->torn || !whole;
    return fits || !whole;
}

static bool read_past(struct past *past, int64_t *total_bytes)
{
    struct bytes line = {0};
    char chunk[8192];
    bool good = true;
    ssize_t got;
    *total_bytes = 0;
    while (good && (got = read(past->journal->file, chunk, sizeof chunk)) > 0) {
        *total_bytes += got;
        for (char *at = chunk; good && at < chunk + got;) {
            char *newline = memchr(at, '\n', (size_t)(chunk + got - at));
            char *end = newline != NULL ? newline + 1 : chunk + got;
            bytes_add(&line, at, (size_t)(end - at));
            at = end;
            if (newline != NULL || line.length > LINE_MAX_BYTES) {
                good = take_line(past, line.data, line.length);
                bytes_clear(&line);
            }
        }
    }
    if (good && line.length != 0)
        good = take_line(past, line.data, line.length);
    bytes_free(&line);
    return good;
}

enum journal_opened journal_open(struct journal *journal, const char *path, struct progress *progress)
{
    journal->path = path;
    journal->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (journal->file < 0)
        return JOURNAL_UNWRITABLE;
    struct past past = {journal, progress, 0, false};
    int64_t total_bytes = 0;
    if (!read_past(&past, &total_bytes)) {
        say("%s is damaged after record %lld: a line is missing or unreadable and whole ones follow it. Keep the file "
            "aside and start this run again.",
            path, (long long)journal->next - 1);
        return JOURNAL_DAMAGED;
    }
    progress_end(progress);
    if (past.whole_bytes < total_bytes && ftruncate(journal->file, (off_t)past.whole_bytes) != 0)
        return JOURNAL_UNWRITABLE;
    return JOURNAL_OPEN;
}

struct json_writer *journal_begin(struct journal *journal, const char *record)
{
    struct json_writer *line = &journal->line;
    bytes_clear(&line->out);
    line->comma = false;
    json_open(line, '{');
    json_string_member(line, "record", record);
    json_integer_member(line, "n", journal->next);
    json_integer_member(line, "session", journal->session);
    json_integer_member(line, "monotonic_ns", clock_ns());
    return line;
}

bool journal_end(struct journal *journal)
{
    struct json_writer *line = &journal->line;
    json_close(line, '}');
    bytes_text(&line->out, "\n");
    /* One write for one line: what a full disk leaves of it is cut off by the next session. */
    ssize_t written = write(journal->file, line->out.data, line->out.length);
    if (written == (ssize_t)line->out.length && fsync(journal->file) == 0) {
        journal->next++;
        return true;
    }
    if (written >= 0 && written < (ssize_t)line->out.length)
        say("cannot write beside %s: only %lld of %lld bytes of a record went to it: is the disk full?", journal->path,
            (long long)written, (long long)line->out.length);
    else
        say("cannot write beside %s: %s", journal->path, strerror(errno));
    return false;
}
