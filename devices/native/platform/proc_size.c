#include "platform/proc_size.h"

#include "platform/bytes.h"

int64_t proc_size_bytes(const char *path, const char *key)
{
    struct bytes text = {0};
    int64_t found = -1;
    if (bytes_read_file(&text, path, 1 << 16) && text.length != 0) {
        size_t length = strlen(key);
        for (const char *line = text.data; line != NULL; line = strchr(line, '\n')) {
            line += *line == '\n';
            if (strncmp(line, key, length) == 0 && line[length] == ':') {
                found = strtoll(line + length + 1, NULL, 10) * 1024;
                break;
            }
        }
    }
    bytes_free(&text);
    return found;
}
