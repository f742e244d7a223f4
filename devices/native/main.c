/* The native runner: walks a plan on a device without a connection, with nothing but the runtime's own library.
 *
 *     bakeoff-runner plan.json records.jsonl                                      the conductor
 *     bakeoff-runner --worker                                                     a worker; the conductor starts it
 *     bakeoff-runner --browser                                                    the holder of web arms' tabs; the same
 *     bakeoff-runner --describe MODEL --runtime NAME --library LIB [--threads N]  a model's inputs and outputs as JSON
 *         [--accelerator NAME [--accelerator-library LIB] [--accelerator-option NAME=VALUE]...]
 *     bakeoff-runner --context [ROOT]                                             the machine's state as JSON
 *     bakeoff-runner --sha256 [FILE…] | --sha256-growing FILE BYTES               hashes, as sha256sum prints them
 *
 * It keeps the contract of devices/python_runner: the same plan, the same records, the same exit codes. What is
 * timed: clock_gettime; the runtime's own call; clock_gettime, where the call is OrtApi.Run (outputs are allocated by
 * it, so that is inside; they are freed outside) or LiteRtRunCompiledModel (copying inputs in and outputs out is
 * outside; on a GPU reading the outputs back is inside, since the call alone returns before the GPU is done).
 *
 * Exit codes: 0 the plan is done, or was stopped when asked; 2 wrong usage; 65 a plan or records file that cannot be
 * used; 71 out of memory; 74 records or outputs could not be written; 75 another runner is at work on these records.
 */
#include "browser/tab_holder.h"
#include "conductor/conductor.h"
#include "platform/failure.h"
#include "worker/hash_files.h"
#include "conductor/machine.h"
#include "worker/worker.h"

static int usage(const char *problem)
{
    say("%s", problem);
    say("usage: bakeoff-runner PLAN RECORDS | --describe MODEL --runtime NAME --library LIB [--threads N] | --context");
    return EXIT_USAGE;
}

/* `NAME=VALUE`, which is taken apart. */
static bool add_option(struct accelerator *accelerator, char *word)
{
    struct failure failure;
    char *equals = strchr(word, '=');
    if (equals == NULL)
        return false;
    *equals = '\0';
    return accelerator_add_option(accelerator, word, equals + 1, &failure);
}

static int describe(int count, char **words)
{
    static char cpu[] = "cpu";
    static struct accelerator accelerator = {.name = cpu};
    const char *model = NULL, *runtime = NULL, *library = NULL;
    int64_t threads = 1;
    for (int k = 0; k + 1 < count; k += 2) {
        if (strcmp(words[k], "--describe") == 0)
            model = words[k + 1];
        else if (strcmp(words[k], "--runtime") == 0)
            runtime = words[k + 1];
        else if (strcmp(words[k], "--library") == 0)
            library = words[k + 1];
        else if (strcmp(words[k], "--threads") == 0)
            threads = strtoll(words[k + 1], NULL, 10);
        else if (strcmp(words[k], "--accelerator") == 0)
            accelerator.name = words[k + 1];
        else if (strcmp(words[k], "--accelerator-library") == 0)
            accelerator.library = words[k + 1];
        else if (strcmp(words[k], "--accelerator-option") != 0)
            return usage("an unknown option");
        else if (!add_option(&accelerator, words[k + 1]))
            return usage("--accelerator-option needs NAME=VALUE");
    }
    if (count % 2 != 0 || model == NULL || runtime == NULL || threads < 1 || threads > 4096)
        return usage("--describe needs a model, --runtime and --library");
    return describe_model(model, runtime, library, &accelerator, (int)threads);
}

static int print_context(const char *root)
{
    static struct machine machine;
    static struct context context;
    struct json_writer writer = {0};
    machine_open(&machine, root);
    machine_read(&machine, &context);
    context_write(&writer, NULL, &machine, &context);
    bytes_text(&writer.out, "\n");
    return write(1, writer.out.data, writer.out.length) == (ssize_t)writer.out.length ? 0 : EXIT_IO;
}

int main(int argc, char **argv)
{
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    if (argc == 2 && strcmp(argv[1], "--worker") == 0)
        return work();
    if (argc == 2 && strcmp(argv[1], "--browser") == 0)
        return hold_tabs();
    if (argc >= 2 && strcmp(argv[1], "--describe") == 0)
        return describe(argc - 1, argv + 1);
    if ((argc == 2 || argc == 3) && strcmp(argv[1], "--context") == 0)
        return print_context(argc == 3 ? argv[2] : "");
    if (argc >= 2 && strcmp(argv[1], "--sha256") == 0)
        return hash_files(argc - 2, argv + 2);
    if (argc == 4 && strcmp(argv[1], "--sha256-growing") == 0)
        return hash_growing_file(argv[2], strtoll(argv[3], NULL, 10));
    if (argc != 3 || argv[1][0] == '-')
        return usage("give PLAN and RECORDS");
    return conduct(length > 0 ? self : argv[0], argv[1], argv[2]);
}
