#include "browser/http_request.h"

#define HEADERS_MAX 100

/* A part of what came; not ended by a NUL. */
struct span {
    const char *at;
    size_t length;
};

static bool is_lower_as(struct span text, const char *word)
{
    size_t k = 0;
    for (; k < text.length && word[k] != '\0'; k++) {
        char letter = text.at[k];
        if (letter >= 'A' && letter <= 'Z')
            letter = (char)(letter - 'A' + 'a');
        if (letter != word[k])
            return false;
    }
    return k == text.length && word[k] == '\0';
}

static bool is(struct span text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

static struct span trimmed(struct span text)
{
    while (text.length > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.length--;
    }
    while (text.length > 0 && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
        text.length--;
    return text;
}

static bool copy(struct span text, char *to, size_t most)
{
    if (text.length > most)
        return false;
    memcpy(to, text.at, text.length);
    to[text.length] = '\0';
    return true;
}

static bool is_letter_or_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* `/TOKEN/NAME`, and perhaps a query, which says nothing. */
static bool take_target(struct http_request *request, struct span target)
{
    const char *query = memchr(target.at, '?', target.length);
    if (query != NULL)
        target.length = (size_t)(query - target.at);
    if (target.length < TOKEN_CHARACTERS + 3 || target.at[0] != '/' || target.at[TOKEN_CHARACTERS + 1] != '/')
        return false;
    struct span token = {target.at + 1, TOKEN_CHARACTERS};
    struct span name = {target.at + TOKEN_CHARACTERS + 2, target.length - TOKEN_CHARACTERS - 2};
    for (size_t k = 0; k < token.length; k++)
        if (!is_letter_or_digit(token.at[k]) && token.at[k] != '-' && token.at[k] != '_')
            return false;
    for (size_t k = 0; k < name.length; k++)
        if (!is_letter_or_digit(name.at[k]) && strchr("_./@+-", name.at[k]) == NULL)
            return false;
    return copy(token, request->token, TOKEN_CHARACTERS) && copy(name, request->name, HTTP_NAME_MAX_BYTES);
}

static bool take_first_line(struct http_request *request, struct span line)
{
    const char *space = memchr(line.at, ' ', line.length);
    if (space == NULL)
        return false;
    struct span method = {line.at, (size_t)(space - line.at)};
    struct span rest = {space + 1, line.length - method.length - 1};
    space = memchr(rest.at, ' ', rest.length);
    if (space == NULL)
        return false;
    struct span target = {rest.at, (size_t)(space - rest.at)};
    struct span version = {space + 1, rest.length - target.length - 1};
    request->method = is(method, "PUT") ? HTTP_PUT : HTTP_GET;
    return (is(method, "GET") || is(method, "PUT")) && is(version, "HTTP/1.1") && take_target(request, target);
}

/* Digits alone, at most twelve. */
static bool take_length(struct span text, int64_t *length)
{
    if (text.length == 0 || text.length > 12)
        return false;
    *length = 0;
    for (size_t k = 0; k < text.length; k++) {
        if (text.at[k] < '0' || text.at[k] > '9')
            return false;
        *length = *length * 10 + (text.at[k] - '0');
    }
    return true;
}

/* The key is 16 bytes in base64. */
static bool take_key(struct http_request *request, struct span text)
{
    if (text.length != WEB_SOCKET_KEY_CHARACTERS || memcmp(text.at + 22, "==", 2) != 0)
        return false;
    for (size_t k = 0; k < 22; k++)
        if (!is_letter_or_digit(text.at[k]) && text.at[k] != '+' && text.at[k] != '/')
            return false;
    return copy(text, request->socket_key, WEB_SOCKET_KEY_CHARACTERS);
}

struct seen {
    bool host, origin, length, key, upgrade, version;
};

/* Whether a header is the first of its name. */
static bool once(bool *seen)
{
    bool is_first = !*seen;
    *seen = true;
    return is_first;
}

static bool take_header(struct http_request *request, struct seen *seen, struct span line)
{
    const char *colon = memchr(line.at, ':', line.length);
    if (colon == NULL || colon == line.at)
        return false;
    struct span name = {line.at, (size_t)(colon - line.at)};
    struct span value = trimmed((struct span){colon + 1, line.length - name.length - 1});
    for (size_t k = 0; k < name.length; k++)
        if (!is_letter_or_digit(name.at[k]) && strchr("!#$%&'*+-.^_`|~", name.at[k]) == NULL)
            return false;
    if (is_lower_as(name, "host"))
        return once(&seen->host) && copy(value, request->host, HTTP_ORIGIN_MAX_BYTES);
    if (is_lower_as(name, "origin"))
        return once(&seen->origin) && copy(value, request->origin, HTTP_ORIGIN_MAX_BYTES);
    if (is_lower_as(name, "content-length"))
        return once(&seen->length) && take_length(value, &request->content_length);
    if (is_lower_as(name, "sec-websocket-key"))
        return once(&seen->key) && take_key(request, value);
    if (is_lower_as(name, "upgrade"))
        return once(&seen->upgrade) && is_lower_as(value, "websocket");
    if (is_lower_as(name, "sec-websocket-version"))
        return once(&seen->version) && is(value, "13");
    /* A browser never sends a body in chunks here, and two ways to tell its end are one too many. */
    return !is_lower_as(name, "transfer-encoding");
}

/* Where the head ends, with its empty line; 0 where it has not. */
static size_t head_bytes(const char *data, size_t length)
{
    for (size_t k = 0; k + 4 <= length; k++)
        if (memcmp(data + k, "\r\n\r\n", 4) == 0)
            return k + 4;
    return 0;
}

enum http_parsed http_request_parse(struct http_request *request, const char *data, size_t length)
{
    struct seen seen = {0};
    size_t at = 0, end = head_bytes(data, length < HTTP_HEAD_MAX_BYTES ? length : HTTP_HEAD_MAX_BYTES);
    int lines = 0;
    if (end == 0)
        return length >= HTTP_HEAD_MAX_BYTES ? HTTP_REFUSED : HTTP_INCOMPLETE;
    memset(request, 0, sizeof *request);
    request->content_length = -1;
    request->head_bytes = end;
    for (size_t k = 0; k < end; k++)
        if ((unsigned char)data[k] < ' ' && data[k] != '\t' && data[k] != '\r' && data[k] != '\n')
            return HTTP_REFUSED;
    for (; at + 2 < end; lines++) {
        const char *line = data + at, *newline = memchr(line, '\n', end - at);
        size_t line_bytes = (size_t)(newline - line);
        if (line_bytes == 0 || line[line_bytes - 1] != '\r' || memchr(line, '\r', line_bytes - 1) != NULL)
            return HTTP_REFUSED;
        struct span text = {line, line_bytes - 1};
        if (lines > HEADERS_MAX || !(lines == 0 ? take_first_line(request, text) : take_header(request, &seen, text)))
            return HTTP_REFUSED;
        at += line_bytes + 1;
    }
    request->asks_for_socket = seen.key && seen.upgrade && seen.version;
    return seen.host ? HTTP_WHOLE : HTTP_REFUSED;
}
