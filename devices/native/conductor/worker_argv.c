#include "conductor/worker_argv.h"

char **worker_argv(const char *self, const struct plan_arm *arm, const char *option)
{
    size_t count = arm->worker != NULL ? arm->worker->count : 0, used = 0;
    char **argv = allocate(count + 3, sizeof *argv);
    if (count == 0)
        argv[used++] = copy_text(self);
    for (const struct json_value *word = count != 0 ? arm->worker->as.first : NULL; word != NULL; word = word->next)
        argv[used++] = copy_text(word->as.string);
    argv[used++] = copy_text(option);
    argv[used] = NULL;
    return argv;
}

void worker_argv_free(char **argv)
{
    for (char **word = argv; *word != NULL; word++)
        free(*word);
    free(argv);
}
