/* JSON into a tree, for text that may be hostile: bounded in depth and in nodes, nothing read past its end. */
#ifndef BAKEOFF_JSON_READER_H
#define BAKEOFF_JSON_READER_H

#include "platform/platform.h"

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INTEGER, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
    enum json_kind kind;
    size_t count;                  /* elements of an array or object */
    const char *key;               /* NULL but for a member of an object */
    const struct json_value *next; /* the next element or member of what this one is in */
    union {
        int64_t integer;
        double real;
        const char *string; /* UTF-8 as it came, NUL-terminated; a string with a NUL in it is refused */
        const struct json_value *first;
    } as;
};

struct json_block;

struct json_document {
    struct json_block *blocks;
    size_t used;
    bool nul_is_replaced; /* by U+FFFD, instead of refused: set before parsing */
    const char *problem;  /* why parsing failed */
    size_t problem_at;   /* byte offset of it */
};

/* Parses one JSON text in place: `text[length]` must be writable or a NUL, strings are unescaped inside `text`, and
 * both `text` and the document must outlive the tree. NULL, with `problem` set, for anything that is not JSON. */
const struct json_value *json_parse(struct json_document *document, char *text, size_t length);

/* Frees the nodes; the document can be used again. */
void json_release(struct json_document *document);

/* The member of that name (the last one, if it is there twice); NULL where there is none or `object` is no object. */
const struct json_value *json_get(const struct json_value *object, const char *name);

/* The string of a member, NULL where it is none. */
const char *json_get_string(const struct json_value *object, const char *name);

/* Whether a member is an integer within bounds; if so it is in `*value`. */
bool json_get_integer(const struct json_value *object, const char *name, int64_t least, int64_t most, int64_t *value);

#endif
