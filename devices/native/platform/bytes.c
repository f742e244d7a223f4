#include "platform/bytes.h"

static _Noreturn void no_memory(void)
{
    static const char said[] = "[runner] out of memory\n";
    if (write(2, said, sizeof said - 1) < 0) {
        /* Nobody can be told; the exit code says it. */
    }
    _exit(EXIT_NO_MEMORY);
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count != 0 ? count : 1, size != 0 ? size : 1);
    if (memory == NULL)
        no_memory();
    return memory;
}

char *copy_text(const char *text)
{
    size_t length = strlen(text) + 1;
    char *copy = allocate(length, 1);
    memcpy(copy, text, length);
    return copy;
}

static void reserve(struct bytes *bytes, size_t more)
{
    if (more > SIZE_MAX / 2 - bytes->length - 1)
        no_memory();
    size_t wanted = bytes->length + more + 1;
    if (wanted <= bytes->capacity)
        return;
    size_t capacity = bytes->capacity != 0 ? bytes->capacity : 256;
    while (capacity < wanted)
        capacity *= 2;
    char *data = realloc(bytes->data, capacity);
    if (data == NULL)
        no_memory();
    bytes->data = data;
    bytes->capacity = capacity;
}

void bytes_add(struct bytes *bytes, const void *data, size_t length)
{
    reserve(bytes, length);
    if (length != 0)
        memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    bytes->data[bytes->length] = '\0';
}

void bytes_text(struct bytes *bytes, const char *text)
{
    bytes_add(bytes, text, strlen(text));
}

void bytes_format(struct bytes *bytes, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length > 0) {
        reserve(bytes, (size_t)length);
        vsnprintf(bytes->data + bytes->length, (size_t)length + 1, format, again);
        bytes->length += (size_t)length;
    }
    va_end(again);
}

void bytes_clear(struct bytes *bytes)
{
    bytes->length = 0;
    if (bytes->data != NULL)
        bytes->data[0] = '\0';
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    bytes->data = NULL;
    bytes->length = bytes->capacity = 0;
}

bool write_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        length -= (size_t)written;
    }
    return true;
}

bool bytes_read_file(struct bytes *bytes, const char *path, size_t limit)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t total = 0;
    int problem = 0;
    for (;;) {
        char chunk[8192];
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            problem = errno;
        if (got <= 0)
            break;
        total += (size_t)got;
        if (total > limit) {
            problem = EFBIG;
            break;
        }
        bytes_add(bytes, chunk, (size_t)got);
    }
    close(fd);
    errno = problem;
    return problem == 0;
}
