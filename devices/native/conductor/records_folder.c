#include "conductor/records_folder.h"

#include "platform/failure.h"

char *records_folder(const char *path)
{
    struct bytes folder = {0};
    const char *slash = strrchr(path, '/');
    bytes_add(&folder, path, slash != NULL ? (size_t)(slash - path) : 0);
    if (slash == NULL)
        bytes_text(&folder, ".");
    else if (slash == path)
        bytes_text(&folder, "/");
    for (char *at = folder.data + 1; at < folder.data + folder.length + 1; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char kept = *at;
        *at = '\0';
        mkdir(folder.data, 0700);
        *at = kept;
    }
    char absolute[4096]; /* PATH_MAX */
    bool found = realpath(folder.data, absolute) != NULL;
    if (!found)
        say("cannot write beside %s: %s", path, strerror(errno));
    bytes_free(&folder);
    return found ? copy_text(absolute) : NULL;
}

enum locked records_lock(const char *folder, const char *records_path)
{
    struct bytes path = {0};
    bytes_format(&path, "%s/runner.lock", folder);
    int fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    enum locked locked = LOCKED;
    if (fd < 0) {
        say("cannot write beside %s: %s: %s", records_path, path.data, strerror(errno));
        locked = LOCK_FAILED;
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            say("another runner is writing %s: follow that one, or stop it first", records_path);
            locked = LOCKED_BY_ANOTHER;
        } else {
            say("cannot lock %s: %s", path.data, strerror(errno));
            locked = LOCK_FAILED;
        }
    }
    bytes_free(&path);
    return locked;
}
