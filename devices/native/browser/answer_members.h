/* Members of a page's answer, each found to be what it must be before anything is done with it. */
#ifndef BAKEOFF_ANSWER_MEMBERS_H
#define BAKEOFF_ANSWER_MEMBERS_H

#include "json/json_writer.h"
#include "runtimes/runtime.h"

#define TOLD_TENSORS_MAX 256
#define LONGEST_NS INT64_C(10000000000000000)

/* A whole number from 0. */
bool answer_whole(const struct json_value *answer, const char *name, int64_t most, int64_t *value, struct failure *failure);

/* The same or null, which is −1. */
bool answer_whole_or_null(const struct json_value *answer, const char *name, int64_t *value, struct failure *failure);

/* A list of so many whole numbers from 0, whose sum fits; it is also written as a member. */
bool answer_wholes(const struct json_value *answer, const char *name, int64_t least, int64_t most,
                   struct json_writer *writer, int64_t *sum, struct failure *failure);

/* A list of tensors, to be freed with `tensor_infos_free`. */
bool answer_tensors(const struct json_value *answer, const char *name, struct tensor_info **infos, size_t *count,
                    struct failure *failure);
void tensor_infos_free(struct tensor_info *infos, size_t count);

/* What a page notes beside its answer, the first few, a line each: elements of a list. */
void answer_notes(const struct json_value *answer, struct json_writer *notes);

/* One line of a text, `otherwise` where it is none; to be freed. */
char *answer_text(const struct json_value *answer, const char *name, const char *otherwise, size_t most_bytes);

#endif
