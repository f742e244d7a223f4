#include "worker/output_file.h"

#include "worker/npy.h"
#include "platform/sha256.h"

/* A record of the file may outlive a power loss, so it has its name only when it is whole. */
static bool write_whole(const char *path, const struct bytes *header, const struct tensor *tensor,
                        struct failure *failure)
{
    struct bytes temporary = {0};
    bytes_format(&temporary, "%s.part", path);
    int fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool written = fd >= 0 && write_all(fd, header->data, header->length) && write_all(fd, tensor->data, tensor->bytes)
                   && fsync(fd) == 0;
    int problem = errno;
    if (fd >= 0)
        close(fd);
    if (written && rename(temporary.data, path) != 0) {
        written = false;
        problem = errno;
    }
    if (!written && fd >= 0)
        unlink(temporary.data); /* on a full disk its bytes are wanted */
    bytes_free(&temporary);
    return written || fail(failure, OUTPUT_NOT_WRITTEN, "%s cannot be written: %s", path, strerror(problem));
}

static bool make_folder(const char *path, struct failure *failure)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST
           || fail(failure, OUTPUT_NOT_WRITTEN, "%s cannot be made: %s", path, strerror(errno));
}

bool output_file_keep(struct json_writer *writer, const char *folder, const char *arm, const char *item, size_t k,
                      const char *tensor_name, const struct tensor *tensor, struct failure *failure)
{
    struct bytes path = {0}, header = {0};
    struct sha256 hash;
    char digest[65];
    bytes_format(&path, "%s/outputs", folder);
    bool kept = make_folder(path.data, failure);
    bytes_format(&path, "/%s", arm);
    kept = kept && make_folder(path.data, failure);
    bytes_format(&path, "/%s.%lld.npy", item, (long long)k);
    npy_header(tensor, &header);
    kept = kept && write_whole(path.data, &header, tensor, failure);
    sha256_begin(&hash);
    sha256_add(&hash, header.data, header.length);
    sha256_add(&hash, tensor->data, tensor->bytes);
    sha256_end(&hash, digest);
    if (kept) {
        json_open(writer, '{');
        json_string_member(writer, "tensor", tensor_name);
        json_string_member(writer, "path", path.data + strlen(folder) + 1);
        json_string_member(writer, "sha256", digest);
        json_string_member(writer, "dtype", dtype_name(tensor->dtype));
        json_name(writer, "shape");
        json_open(writer, '[');
        for (size_t d = 0; d < tensor->rank; d++)
            json_integer(writer, tensor->shape[d]);
        json_close(writer, ']');
        json_integer_member(writer, "bytes", (int64_t)(header.length + tensor->bytes));
        json_close(writer, '}');
    }
    bytes_free(&path);
    bytes_free(&header);
    return kept;
}
