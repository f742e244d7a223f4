#include "json/json_writer.h"

static void before_value(struct json_writer *writer)
{
    if (writer->comma)
        bytes_add(&writer->out, ",", 1);
    writer->comma = true;
}

void json_open(struct json_writer *writer, char bracket)
{
    before_value(writer);
    bytes_add(&writer->out, &bracket, 1);
    writer->comma = false;
}

void json_close(struct json_writer *writer, char bracket)
{
    bytes_add(&writer->out, &bracket, 1);
    writer->comma = true;
}

void json_null(struct json_writer *writer)
{
    before_value(writer);
    bytes_text(&writer->out, "null");
}

void json_bool(struct json_writer *writer, bool value)
{
    before_value(writer);
    bytes_text(&writer->out, value ? "true" : "false");
}

void json_integer(struct json_writer *writer, int64_t value)
{
    before_value(writer);
    bytes_format(&writer->out, "%lld", (long long)value);
}

void json_real(struct json_writer *writer, double value)
{
    char text[40];
    if (!(value - value == 0.0)) { /* infinite, or not a number */
        json_null(writer);
        return;
    }
    before_value(writer);
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, sizeof text, "%.17g", value);
    bytes_text(&writer->out, text);
}

/* One character of UTF-8 at `text`: its code in `*code`, its length returned. U+FFFD for what is no UTF-8, once for as
 * many bytes as begin a character (Unicode 3.9: U+FFFD substitution of maximal subparts). */
static size_t take_utf8(const unsigned char *text, size_t left, unsigned *code)
{
    unsigned first = text[0];
    size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    *code = length == 1 ? first : 0xFFFD;
    if (length < 2 || first < 0xC2 || first > 0xF4)
        return 1;
    /* Where a second byte outside of these would make too long a form, a surrogate, or no code at all. */
    unsigned least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    unsigned value = first & (0x7Fu >> length);
    for (size_t k = 1; k < length; k++, least = 0x80, most = 0xBF) {
        if (k >= left || text[k] < least || text[k] > most)
            return k;
        value = value << 6 | (text[k] & 0x3Fu);
    }
    *code = value;
    return length;
}

static void put_string(struct bytes *out, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    bytes_add(out, "\"", 1);
    while (at < end) {
        unsigned code;
        at += take_utf8(at, (size_t)(end - at), &code);
        if (code == '"' || code == '\\') {
            char escaped[2] = {'\\', (char)code};
            bytes_add(out, escaped, 2);
        } else if (code >= 0x20 && code < 0x7F) {
            char plain = (char)code;
            bytes_add(out, &plain, 1);
        } else if (code < 0x10000) {
            bytes_format(out, "\\u%04x", code);
        } else {
            bytes_format(out, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF));
        }
    }
    bytes_add(out, "\"", 1);
}

void json_name(struct json_writer *writer, const char *name)
{
    before_value(writer);
    put_string(&writer->out, name, strlen(name));
    bytes_add(&writer->out, ":", 1);
    writer->comma = false;
}

void json_string(struct json_writer *writer, const char *text)
{
    if (text == NULL) {
        json_null(writer);
        return;
    }
    json_text(writer, text, strlen(text));
}

void json_text(struct json_writer *writer, const char *text, size_t length)
{
    before_value(writer);
    put_string(&writer->out, text, length);
}

void json_insert(struct json_writer *writer, const struct json_writer *elements)
{
    if (elements->out.length == 0)
        return;
    before_value(writer);
    bytes_add(&writer->out, elements->out.data, elements->out.length);
}

void json_copy(struct json_writer *writer, const struct json_value *value)
{
    if (value == NULL) {
        json_null(writer);
        return;
    }
    switch (value->kind) {
    case JSON_NULL: json_null(writer); break;
    case JSON_FALSE:
    case JSON_TRUE: json_bool(writer, value->kind == JSON_TRUE); break;
    case JSON_INTEGER: json_integer(writer, value->as.integer); break;
    case JSON_REAL: json_real(writer, value->as.real); break;
    case JSON_STRING: json_string(writer, value->as.string); break;
    case JSON_ARRAY:
    case JSON_OBJECT: {
        bool is_object = value->kind == JSON_OBJECT;
        json_open(writer, is_object ? '{' : '[');
        for (const struct json_value *element = value->as.first; element != NULL; element = element->next) {
            if (is_object)
                json_name(writer, element->key);
            json_copy(writer, element);
        }
        json_close(writer, is_object ? '}' : ']');
        break;
    }
    }
}

void json_string_member(struct json_writer *writer, const char *name, const char *text)
{
    json_name(writer, name);
    json_string(writer, text);
}

void json_list_member(struct json_writer *writer, const char *name, const struct json_writer *elements)
{
    json_name(writer, name);
    json_open(writer, '[');
    json_insert(writer, elements);
    json_close(writer, ']');
}

void json_copy_elements(struct json_writer *writer, const struct json_value *list)
{
    bool is_list = list != NULL && list->kind == JSON_ARRAY;
    for (const struct json_value *element = is_list ? list->as.first : NULL; element != NULL; element = element->next)
        json_copy(writer, element);
}

void json_copy_list_member(struct json_writer *writer, const char *name, const struct json_value *list)
{
    json_name(writer, name);
    json_open(writer, '[');
    json_copy_elements(writer, list);
    json_close(writer, ']');
}

void json_copy_member(struct json_writer *writer, const struct json_value *object, const char *name)
{
    json_name(writer, name);
    json_copy(writer, json_get(object, name));
}

void json_integer_member(struct json_writer *writer, const char *name, int64_t value)
{
    json_name(writer, name);
    json_integer(writer, value);
}

void json_size_member(struct json_writer *writer, const char *name, int64_t value)
{
    json_name(writer, name);
    if (value < 0)
        json_null(writer);
    else
        json_integer(writer, value);
}

bool json_write_line(int fd, struct json_writer *writer)
{
    bytes_text(&writer->out, "\n");
    return write_all(fd, writer->out.data, writer->out.length);
}
