#include "worker/npy.h"

#define PREFIX_BYTES 10 /* magic, version and a header length of two bytes */
#define HEADER_MAX_BYTES 65536
#define FILE_MAX_BYTES ((size_t)1 << 31)

struct text {
    const char *at;
    const char *end;
};

static void skip_space(struct text *text)
{
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n' || *text->at == '\t'))
        text->at++;
}

static bool take(struct text *text, char wanted)
{
    skip_space(text);
    if (text->at >= text->end || *text->at != wanted)
        return false;
    text->at++;
    return true;
}

/* A quoted word without escapes into `word`. */
static bool take_quoted(struct text *text, char *word, size_t size)
{
    skip_space(text);
    if (text->at >= text->end || (*text->at != '\'' && *text->at != '"'))
        return false;
    char quote = *text->at++;
    size_t length = 0;
    while (text->at < text->end && *text->at != quote) {
        if (length + 1 >= size || *text->at == '\\')
            return false;
        word[length++] = *text->at++;
    }
    word[length] = '\0';
    return take(text, quote);
}

static bool take_word(struct text *text, const char *word)
{
    skip_space(text);
    size_t length = strlen(word);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
        return false;
    text->at += length;
    return true;
}

static bool take_size(struct text *text, int64_t *size)
{
    skip_space(text);
    if (text->at >= text->end || *text->at < '0' || *text->at > '9')
        return false;
    *size = 0;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9') {
        int digit = *text->at++ - '0';
        if (*size > (INT64_MAX - digit) / 10)
            return false;
        *size = *size * 10 + digit;
    }
    return true;
}

static bool take_shape(struct text *text, struct tensor *tensor)
{
    tensor->rank = 0;
    if (!take(text, '('))
        return false;
    while (!take(text, ')')) {
        if (tensor->rank == RANK_MAX || !take_size(text, &tensor->shape[tensor->rank]))
            return false;
        tensor->rank++;
        if (!take(text, ',')) {
            /* (3) is a number in parentheses, not a tuple. */
            return tensor->rank > 1 && take(text, ')');
        }
    }
    return true;
}

static bool parse_header(const char *name, struct text text, struct tensor *tensor, struct failure *failure)
{
    char key[32], descr[32];
    bool has_descr = false, has_order = false, has_shape = false;
    if (!take(&text, '{'))
        return fail(failure, "ValueError", "%s has no dictionary in its .npy header", name);
    while (!take(&text, '}')) {
        if (!take_quoted(&text, key, sizeof key) || !take(&text, ':'))
            return fail(failure, "ValueError", "%s has a damaged .npy header", name);
        if (strcmp(key, "descr") == 0) {
            if (!take_quoted(&text, descr, sizeof descr))
                return fail(failure, "ValueError", "%s holds no plain array", name);
            tensor->dtype = dtype_of_descr(descr);
            if (tensor->dtype == DTYPE_NONE)
                return fail(failure, "ValueError", "%s holds elements of type '%s', which no input takes", name, descr);
            has_descr = true;
        } else if (strcmp(key, "fortran_order") == 0) {
            if (!take_word(&text, "False"))
                return fail(failure, "ValueError", "%s is not in C order", name);
            has_order = true;
        } else if (strcmp(key, "shape") == 0) {
            if (!take_shape(&text, tensor))
                return fail(failure, "ValueError", "%s has a shape that cannot be read, or more than %d dimensions",
                            name, RANK_MAX);
            has_shape = true;
        } else {
            return fail(failure, "ValueError", "%s has a damaged .npy header", name);
        }
        if (!take(&text, ',')) {
            if (take(&text, '}'))
                break;
            return fail(failure, "ValueError", "%s has a damaged .npy header", name);
        }
    }
    if (!has_descr || !has_order || !has_shape)
        return fail(failure, "ValueError", "%s has an incomplete .npy header", name);
    return true;
}

bool npy_find(const unsigned char *content, size_t length, const char *name, struct tensor *tensor, size_t *data_at,
              struct failure *failure)
{
    if (length < PREFIX_BYTES || memcmp(content, "\x93NUMPY", 6) != 0)
        return fail(failure, "ValueError", "%s is not a .npy file", name);
    if (content[6] < 1 || content[6] > 3)
        return fail(failure, "ValueError", "%s is a .npy file of version %d; 1 to 3 can be read", name, content[6]);
    size_t start = PREFIX_BYTES, header = content[8] | (size_t)content[9] << 8;
    if (content[6] > 1) {
        start = PREFIX_BYTES + 2;
        if (length < start)
            return fail(failure, "ValueError", "%s ends in its .npy header", name);
        header |= (size_t)content[10] << 16 | (size_t)content[11] << 24;
    }
    if (header > HEADER_MAX_BYTES || header > length - start)
        return fail(failure, "ValueError", "%s ends in its .npy header", name);
    struct text text = {(const char *)content + start, (const char *)content + start + header};
    if (!parse_header(name, text, tensor, failure))
        return false;
    size_t left = length - start - header;
    if (!tensor_bytes(tensor->dtype, tensor->rank, tensor->shape, &tensor->bytes) || tensor->bytes > left)
        return fail(failure, "ValueError", "%s is cut short: it has %lld bytes of data, fewer than its shape says",
                    name, (long long)left);
    tensor->data = NULL;
    *data_at = start + header;
    return true;
}

bool npy_parse(const char *name, const unsigned char *content, size_t length, struct tensor *tensor,
               struct failure *failure)
{
    size_t data_at;
    if (!npy_find(content, length, name, tensor, &data_at, failure))
        return false;
    tensor->data = allocate(tensor->bytes, 1);
    memcpy(tensor->data, content + data_at, tensor->bytes);
    return true;
}

bool npy_read(const char *path, struct tensor *tensor, struct failure *failure)
{
    struct bytes content = {0};
    bool done = bytes_read_file(&content, path, FILE_MAX_BYTES);
    if (done)
        done = npy_parse(path, (const unsigned char *)content.data, content.length, tensor, failure);
    else
        fail(failure, errno == ENOENT ? "FileNotFoundError" : "OSError", "%s cannot be read: %s", path,
             strerror(errno));
    bytes_free(&content);
    return done;
}

void npy_header(const struct tensor *tensor, struct bytes *out)
{
    struct bytes text = {0};
    bytes_format(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", dtype_descr(tensor->dtype));
    for (size_t k = 0; k < tensor->rank; k++)
        bytes_format(&text, k == 0 ? "%lld" : ", %lld", (long long)tensor->shape[k]);
    bytes_text(&text, tensor->rank == 1 ? ",), }" : "), }");
    while ((PREFIX_BYTES + text.length + 1) % 64 != 0)
        bytes_text(&text, " ");
    bytes_text(&text, "\n");
    char length[2] = {(char)(text.length & 0xFF), (char)(text.length >> 8)};
    bytes_add(out, "\x93NUMPY\x01\x00", 8);
    bytes_add(out, length, 2);
    bytes_add(out, text.data, text.length);
    bytes_free(&text);
}
