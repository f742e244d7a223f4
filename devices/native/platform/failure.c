#include "platform/failure.h"

bool fail(struct failure *failure, const char *error, const char *format, ...)
{
    va_list arguments;
    snprintf(failure->error, sizeof failure->error, "%s", error);
    va_start(arguments, format);
    vsnprintf(failure->message, sizeof failure->message, format, arguments);
    va_end(arguments);
    return false;
}

void add_one_line(struct bytes *out, const char *text, size_t limit)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t start = out->length;
    bool space = false;
    for (; *text != '\0'; text++) {
        if (*text == ' ' || (*text >= '\t' && *text <= '\r')) {
            space = out->length > start;
            continue;
        }
        if (space)
            bytes_add(out, " ", 1);
        space = false;
        bytes_add(out, text, 1);
    }
    if (out->length - start <= limit)
        return;
    size_t end = start + (limit > sizeof ellipsis - 1 ? limit - (sizeof ellipsis - 1) : 0);
    while (end > start && ((unsigned char)out->data[end] & 0xC0) == 0x80)
        end--;
    out->length = end;
    bytes_text(out, ellipsis);
}

void say(const char *format, ...)
{
    char text[MESSAGE_MAX_BYTES + 200] = "[runner] ";
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text + used, sizeof text - used - 1, format, arguments);
    va_end(arguments);
    used += length < 0 ? 0 : (size_t)length < sizeof text - used - 1 ? (size_t)length : sizeof text - used - 2;
    text[used++] = '\n';
    /* A log that is closed is no reason to end a measurement. */
    if (write(2, text, used) < 0)
        return;
}
