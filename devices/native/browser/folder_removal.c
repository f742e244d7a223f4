#include "browser/folder_removal.h"

#include "platform/bytes.h"
#include "platform/clock.h"

#define DEPTH_MAX 40
#define TRIES 5

static void remove_below(const char *path, int depth)
{
    DIR *folder = depth < DEPTH_MAX ? opendir(path) : NULL;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        struct bytes below = {0};
        bytes_format(&below, "%s/%s", path, entry->d_name);
        /* A link is unlinked as a file is, so what remains is a folder of this one. */
        if (unlink(below.data) != 0) {
            remove_below(below.data, depth + 1);
            rmdir(below.data);
        }
        bytes_free(&below);
    }
    if (folder != NULL)
        closedir(folder);
}

void remove_folder(const char *path)
{
    for (int k = 0; k < TRIES; k++) {
        remove_below(path, 0);
        if (rmdir(path) == 0 || errno == ENOENT)
            return;
        sleep_ns(100000000);
    }
}
