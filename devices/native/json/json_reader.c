#include "json/json_reader.h"

#include "platform/bytes.h"

#define DEPTH_MAX 32
#define BLOCK_NODES 128
#define NODES_MAX (4 << 20)

struct json_block {
    struct json_block *older;
    struct json_value nodes[BLOCK_NODES];
};

struct parser {
    struct json_document *document;
    char *at;
    char *end;
};

static void *problem(struct parser *parser, const char *what)
{
    if (parser->document->problem == NULL)
        parser->document->problem = what;
    return NULL;
}

static struct json_value *new_node(struct parser *parser)
{
    struct json_document *document = parser->document;
    if (document->used >= NODES_MAX)
        return problem(parser, "too many values");
    if (document->used % BLOCK_NODES == 0) {
        struct json_block *block = allocate(1, sizeof *block);
        block->older = document->blocks;
        document->blocks = block;
    }
    return &document->blocks->nodes[document->used++ % BLOCK_NODES];
}

static void skip_space(struct parser *parser)
{
    while (parser->at < parser->end
           && (*parser->at == ' ' || *parser->at == '\n' || *parser->at == '\t' || *parser->at == '\r'))
        parser->at++;
}

static bool take(struct parser *parser, char wanted)
{
    if (parser->at >= parser->end || *parser->at != wanted)
        return false;
    parser->at++;
    return true;
}

static int hexadecimal(struct parser *parser)
{
    int value = 0;
    for (int k = 0; k < 4; k++) {
        if (parser->at >= parser->end)
            return -1;
        char digit = *parser->at++;
        if (digit >= '0' && digit <= '9')
            value = value * 16 + (digit - '0');
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
            value = value * 16 + ((digit | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return value;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

/* Four hexadecimal digits were announced. A pair of surrogates is one character; half of one is U+FFFD. */
static char *unescape_unicode(struct parser *parser, char *to)
{
    int code = hexadecimal(parser);
    if (code < 0)
        return problem(parser, "\\u wants four hexadecimal digits");
    if (code == 0 && !parser->document->nul_is_replaced)
        return problem(parser, "a NUL in a string");
    if (code == 0)
        code = 0xFFFD;
    if (code >= 0xD800 && code < 0xDC00 && parser->end - parser->at >= 6 && parser->at[0] == '\\'
        && parser->at[1] == 'u') {
        char *back = parser->at;
        parser->at += 2;
        int low = hexadecimal(parser);
        if (low >= 0xDC00 && low < 0xE000)
            return put_utf8(to, 0x10000u + ((unsigned)(code - 0xD800) << 10) + (unsigned)(low - 0xDC00));
        parser->at = back;
    }
    if (code >= 0xD800 && code < 0xE000)
        code = 0xFFFD;
    return put_utf8(to, (unsigned)code);
}

/* Unescapes in place: what is written is never longer than what was read. */
static const char *parse_string(struct parser *parser)
{
    if (!take(parser, '"'))
        return problem(parser, "expected a string");
    char *start = parser->at, *to = parser->at;
    while (parser->at < parser->end) {
        char byte = *parser->at++;
        if (byte == '"') {
            *to = '\0';
            return start;
        }
        if ((unsigned char)byte < 0x20)
            return problem(parser, "a control character in a string");
        if (byte != '\\') {
            *to++ = byte;
            continue;
        }
        if (parser->at >= parser->end)
            break;
        byte = *parser->at++;
        switch (byte) {
        case '"':
        case '\\':
        case '/': *to++ = byte; break;
        case 'b': *to++ = '\b'; break;
        case 'f': *to++ = '\f'; break;
        case 'n': *to++ = '\n'; break;
        case 'r': *to++ = '\r'; break;
        case 't': *to++ = '\t'; break;
        case 'u':
            to = unescape_unicode(parser, to);
            if (to == NULL)
                return NULL;
            break;
        default: return problem(parser, "an unknown escape in a string");
        }
    }
    return problem(parser, "a string without its end");
}

static bool is_digit(const struct parser *parser)
{
    return parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9';
}

static struct json_value *parse_number(struct parser *parser, struct json_value *value)
{
    char *start = parser->at;
    bool negative = take(parser, '-'), whole = true, fits = true;
    if (!is_digit(parser))
        return problem(parser, "expected a value");
    bool zero = *parser->at == '0';
    uint64_t magnitude = 0;
    while (is_digit(parser)) {
        unsigned digit = (unsigned)(*parser->at++ - '0');
        fits = fits && magnitude <= ((uint64_t)INT64_MAX - digit) / 10;
        magnitude = fits ? magnitude * 10 + digit : magnitude;
        if (zero && is_digit(parser))
            return problem(parser, "a number that begins with 0");
    }
    if (take(parser, '.')) {
        whole = false;
        if (!is_digit(parser))
            return problem(parser, "a number that ends in its point");
        while (is_digit(parser))
            parser->at++;
    }
    if (parser->at < parser->end && (*parser->at | 0x20) == 'e') {
        whole = false;
        parser->at++;
        if (!take(parser, '-'))
            take(parser, '+');
        if (!is_digit(parser))
            return problem(parser, "a number without its exponent");
        while (is_digit(parser))
            parser->at++;
    }
    if (whole && fits) {
        value->kind = JSON_INTEGER;
        value->as.integer = negative ? -(int64_t)magnitude : (int64_t)magnitude;
        return value;
    }
    /* A copy with an end of its own: strtod must stop where the number does. */
    char text[64];
    size_t length = (size_t)(parser->at - start);
    if (length >= sizeof text)
        return problem(parser, "a number of more than 63 characters");
    memcpy(text, start, length);
    text[length] = '\0';
    value->kind = JSON_REAL;
    value->as.real = strtod(text, NULL);
    return value;
}

static struct json_value *parse_word(struct parser *parser, struct json_value *value)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {{"null", JSON_NULL}, {"true", JSON_TRUE}, {"false", JSON_FALSE}};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        size_t length = strlen(words[k].word);
        if ((size_t)(parser->end - parser->at) >= length && memcmp(parser->at, words[k].word, length) == 0) {
            parser->at += length;
            value->kind = words[k].kind;
            return value;
        }
    }
    return problem(parser, "expected a value");
}

static struct json_value *parse_value(struct parser *parser, int depth);

/* Elements of an array, or members of an object, up to `closing`. */
static struct json_value *parse_elements(struct parser *parser, struct json_value *value, char closing, int depth)
{
    const struct json_value **tail = &value->as.first;
    value->kind = closing == '}' ? JSON_OBJECT : JSON_ARRAY;
    value->as.first = NULL;
    value->count = 0;
    skip_space(parser);
    if (take(parser, closing))
        return value;
    do {
        const char *key = NULL;
        skip_space(parser);
        if (closing == '}') {
            key = parse_string(parser);
            if (key == NULL)
                return NULL;
            skip_space(parser);
            if (!take(parser, ':'))
                return problem(parser, "expected ':'");
        }
        struct json_value *element = parse_value(parser, depth + 1);
        if (element == NULL)
            return NULL;
        element->key = key;
        *tail = element;
        tail = &element->next;
        value->count++;
        skip_space(parser);
    } while (take(parser, ','));
    if (!take(parser, closing))
        return problem(parser, closing == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
    return value;
}

static struct json_value *parse_value(struct parser *parser, int depth)
{
    if (depth > DEPTH_MAX)
        return problem(parser, "nested too deeply");
    skip_space(parser);
    struct json_value *value = new_node(parser);
    if (value == NULL)
        return NULL;
    if (parser->at >= parser->end)
        return problem(parser, "the text ends early");
    switch (*parser->at) {
    case '{': parser->at++; return parse_elements(parser, value, '}', depth);
    case '[': parser->at++; return parse_elements(parser, value, ']', depth);
    case '"':
        value->kind = JSON_STRING;
        value->as.string = parse_string(parser);
        return value->as.string != NULL ? value : NULL;
    case 'n':
    case 't':
    case 'f': return parse_word(parser, value);
    default: return parse_number(parser, value);
    }
}

const struct json_value *json_parse(struct json_document *document, char *text, size_t length)
{
    struct parser parser = {document, text, text + length};
    document->problem = NULL;
    struct json_value *value = parse_value(&parser, 0);
    skip_space(&parser);
    if (value != NULL && parser.at < parser.end)
        value = problem(&parser, "something follows the value");
    document->problem_at = (size_t)(parser.at - text);
    return value;
}

void json_release(struct json_document *document)
{
    while (document->blocks != NULL) {
        struct json_block *older = document->blocks->older;
        free(document->blocks);
        document->blocks = older;
    }
    document->used = 0;
}

const struct json_value *json_get(const struct json_value *object, const char *name)
{
    const struct json_value *found = NULL;
    if (object == NULL || object->kind != JSON_OBJECT)
        return NULL;
    for (const struct json_value *member = object->as.first; member != NULL; member = member->next)
        if (strcmp(member->key, name) == 0)
            found = member;
    return found;
}

const char *json_get_string(const struct json_value *object, const char *name)
{
    const struct json_value *value = json_get(object, name);
    return value != NULL && value->kind == JSON_STRING ? value->as.string : NULL;
}

bool json_get_integer(const struct json_value *object, const char *name, int64_t least, int64_t most, int64_t *value)
{
    const struct json_value *member = json_get(object, name);
    if (member == NULL || member->kind != JSON_INTEGER || member->as.integer < least || member->as.integer > most)
        return false;
    *value = member->as.integer;
    return true;
}
