#include "worker/hash_files.h"

#include "platform/failure.h"
#include "platform/sha256.h"

/* Half of a small core's second-level cache at most: 256 KiB cost half as much time again. */
#define CHUNK_BYTES ((size_t)1 << 16)
#define LOOK_EVERY_MS 2

static bool print(struct sha256 *hash, const char *name)
{
    struct bytes line = {0};
    char digest[65];
    sha256_end(hash, digest);
    bytes_format(&line, "%s  %s\n", digest, name);
    bool printed = write(1, line.data, line.length) == (ssize_t)line.length;
    bytes_free(&line);
    return printed;
}

/* What there is of a file from where it was read to; 0 at its present end, −1 where it cannot be read. */
static ssize_t take(int file, struct sha256 *hash, unsigned char *chunk)
{
    ssize_t got;
    do
        got = read(file, chunk, CHUNK_BYTES);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        sha256_add(hash, chunk, (size_t)got);
    return got;
}

static bool hash_file(int file, const char *name, unsigned char *chunk)
{
    struct sha256 hash;
    ssize_t got;
    sha256_begin(&hash);
    while ((got = take(file, &hash, chunk)) > 0) {
    }
    if (got < 0) {
        say("%s: %s", name, strerror(errno));
        return false;
    }
    return print(&hash, name);
}

int hash_files(int count, char **paths)
{
    unsigned char *chunk = allocate(1, CHUNK_BYTES);
    bool good = count > 0 || hash_file(0, "-", chunk);
    for (int k = 0; k < count; k++) {
        int file = open(paths[k], O_RDONLY | O_CLOEXEC);
        if (file < 0)
            say("%s: %s", paths[k], strerror(errno));
        good = file >= 0 && hash_file(file, paths[k], chunk) && good;
        if (file >= 0)
            close(file);
    }
    free(chunk);
    return good ? 0 : 1;
}

/* Waits a moment; false when standard input has ended. */
static bool is_awaited(void)
{
    struct pollfd input = {0, POLLIN, 0};
    char ignored[64];
    if (poll(&input, 1, LOOK_EVERY_MS) <= 0)
        return true;
    ssize_t got = read(0, ignored, sizeof ignored);
    return got > 0 || (got < 0 && errno == EINTR);
}

int hash_growing_file(const char *path, int64_t bytes)
{
    struct sha256 hash;
    unsigned char *chunk = allocate(1, CHUNK_BYTES);
    int64_t total = 0;
    ssize_t got = -1;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    sha256_begin(&hash);
    if (file >= 0) {
        while ((got = take(file, &hash, chunk)) > 0 || (got == 0 && total < bytes && is_awaited()))
            total += got;
        close(file);
    }
    free(chunk);
    if (got < 0)
        say("%s: %s", path, strerror(errno));
    return got == 0 && total >= bytes && print(&hash, path) ? 0 : 1;
}
