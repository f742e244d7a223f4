/* JSON out of values, in ASCII: whatever bytes a string has, what is written is valid. */
#ifndef BAKEOFF_JSON_WRITER_H
#define BAKEOFF_JSON_WRITER_H

#include "platform/bytes.h"
#include "json/json_reader.h"

struct json_writer {
    struct bytes out;
    bool comma; /* whether one is due before the next value or name */
};

void json_open(struct json_writer *writer, char bracket);
void json_close(struct json_writer *writer, char bracket);
void json_name(struct json_writer *writer, const char *name);
void json_null(struct json_writer *writer);
void json_bool(struct json_writer *writer, bool value);
void json_integer(struct json_writer *writer, int64_t value);
/* The shortest text that reads back as the same number; null for what is not finite. */
void json_real(struct json_writer *writer, double value);
/* NULL is written as null; bytes that are no UTF-8 as U+FFFD. */
void json_string(struct json_writer *writer, const char *text);
/* The same of a text of that length, which may have NULs in it. */
void json_text(struct json_writer *writer, const char *text, size_t length);
void json_copy(struct json_writer *writer, const struct json_value *value);
/* Elements or members that another writer wrote, none or several. */
void json_insert(struct json_writer *writer, const struct json_writer *elements);

/* A name and its value. */
void json_string_member(struct json_writer *writer, const char *name, const char *text);
/* A list of what another writer wrote, none or several. */
void json_list_member(struct json_writer *writer, const char *name, const struct json_writer *elements);
/* Elements of a list; nothing where it is none. */
void json_copy_elements(struct json_writer *writer, const struct json_value *list);
/* A member of a list that has these elements. */
void json_copy_list_member(struct json_writer *writer, const char *name, const struct json_value *list);
/* The member of that name of another object; null where it has none. */
void json_copy_member(struct json_writer *writer, const struct json_value *object, const char *name);
void json_integer_member(struct json_writer *writer, const char *name, int64_t value);
/* Negative is written as null: sizes and counts that are not known. */
void json_size_member(struct json_writer *writer, const char *name, int64_t value);

/* Ends what was written with a newline and writes it out; false where nobody takes it. */
bool json_write_line(int fd, struct json_writer *writer);

#endif
