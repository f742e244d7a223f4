/* records.jsonl: appended one whole line a write, on disk before the next step begins. */
#ifndef BAKEOFF_JOURNAL_H
#define BAKEOFF_JOURNAL_H

#include "json/json_writer.h"
#include "conductor/progress.h"

struct journal {
    const char *path;
    int file;
    int64_t session;
    int64_t next;
    struct json_writer line;
};

enum journal_opened { JOURNAL_OPEN, JOURNAL_DAMAGED, JOURNAL_UNWRITABLE };

/* Reads what earlier sessions wrote into the progress and cuts off last lines that were not finished. */
enum journal_opened journal_open(struct journal *journal, const char *path, struct progress *progress);

/* Begins a record; its members are written to what is returned. */
struct json_writer *journal_begin(struct journal *journal, const char *record);

/* Ends and writes it. False, said in the log, where the disk does not take it. */
bool journal_end(struct journal *journal);

#endif
