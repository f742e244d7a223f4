#include "runtimes/litert_gpu.h"

bool litert_gpu_open(struct litert_gpu *gpu, const struct runtime_request *request, void *library,
                     struct failure *failure)
{
    const char *path = request->accelerator->library;
    gpu->accelerator = request->accelerator;
    gpu->library = library;
    if (!accelerator_is(request->accelerator, "gpu"))
        return refuse_accelerator(request, "ai-edge-litert", "cpu, gpu", failure);
    if (path == NULL)
        return true;
    if (access(path, R_OK) != 0)
        return fail(failure, "FileNotFoundError", "%s, LiteRT's library for the GPU, cannot be opened: %s", path,
                    strerror(errno));
    gpu->folder = copy_text(path);
    char *slash = strrchr(gpu->folder, '/');
    if (slash == NULL)
        return fail(failure, "ValueError", "%s, LiteRT's library for the GPU, is no absolute path", path);
    *slash = '\0';
    gpu->option = (struct env_option){ENV_RUNTIME_LIBRARY_DIR, {ANY_STRING, {gpu->folder}}};
    return true;
}

bool litert_gpu_find(const struct litert_gpu *gpu, handle environment, struct failure *failure)
{
    int (*count)(handle, size_t *), (*get)(handle, size_t, handle *);
    int (*get_name)(handle, const char **), (*get_hardware)(handle, int *);
    *(void **)&count = dlsym(gpu->library, "LiteRtGetNumAccelerators");
    *(void **)&get = dlsym(gpu->library, "LiteRtGetAccelerator");
    *(void **)&get_name = dlsym(gpu->library, "LiteRtGetAcceleratorName");
    *(void **)&get_hardware = dlsym(gpu->library, "LiteRtGetAcceleratorHardwareSupport");
    size_t total = 0;
    struct bytes list = {0};
    bool found = false;
    if (count == NULL || get == NULL || get_name == NULL || get_hardware == NULL)
        return true; /* what it took is asked for afterwards */
    count(environment, &total);
    for (size_t k = 0; k < total; k++) {
        handle accelerator = NULL;
        const char *name = NULL;
        int hardware = 0;
        if (get(environment, k, &accelerator) != 0 || get_hardware(accelerator, &hardware) != 0)
            continue;
        found = found || (hardware & ACCELERATOR_GPU) != 0;
        if (get_name(accelerator, &name) == 0 && name != NULL)
            bytes_format(&list, "%s%s", list.length == 0 ? "" : ", ", name);
    }
    if (!found)
        fail(failure, "ValueError",
             "LiteRT found no accelerator for the GPU%s%s; it has %s. Its library (libLiteRtWebGpuAccelerator.so, on "
             "phones also libLiteRtClGlAccelerator.so or libLiteRtGpuAccelerator.so) must lie on the device, or set "
             "accelerator to 'cpu'",
             gpu->folder != NULL ? " in " : "", gpu->folder != NULL ? gpu->folder : "",
             list.data != NULL ? list.data : "none");
    bytes_free(&list);
    return found;
}

/* Numbers and truth values as they are, other text in quotes: LiteRT's reader of TOML knows no escapes. */
static bool is_bare(const char *value)
{
    char *end;
    strtoll(value, &end, 10);
    return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 || (*value != '\0' && *end == '\0');
}

static bool is_name(const char *name)
{
    for (const char *letter = name; *letter != '\0'; letter++)
        if (!((*letter >= 'a' && *letter <= 'z') || (*letter >= '0' && *letter <= '9') || *letter == '_'))
            return false;
    return *name != '\0';
}

bool litert_gpu_options(const struct litert_gpu *gpu, struct bytes *toml, struct failure *failure)
{
    bytes_text(toml, "");
    for (size_t k = 0; k < gpu->accelerator->option_count; k++) {
        const char *name = gpu->accelerator->option_names[k], *value = gpu->accelerator->option_values[k];
        bool good = is_name(name);
        for (const char *letter = value; good && *letter != '\0'; letter++)
            good = (unsigned char)*letter >= ' ' && *letter != '"' && *letter != '#' && *letter != '\\';
        if (!good)
            return fail(failure, "ValueError", "LiteRT's GPU cannot be given option '%.100s' with value '%.100s'", name,
                        value);
        bytes_format(toml, is_bare(value) ? "%s = %s\n" : "%s = \"%s\"\n", name, value);
    }
    return true;
}

void litert_gpu_record(const struct litert_gpu *gpu, handle compiled, struct runtime *runtime)
{
    int (*is_whole)(handle, bool *);
    bool whole = false;
    *(void **)&is_whole = dlsym(gpu->library, "LiteRtCompiledModelIsNonCpuFullyAccelerated");
    runtime->delegated_nodes = -1;
    if (is_whole == NULL || is_whole(compiled, &whole) != 0) {
        json_string_member(&runtime->settings, "nodes_taken", "unknown: this version of LiteRT does not say it");
        return;
    }
    runtime->wholly_delegated = whole;
    if (whole)
        runtime->delegated_nodes = runtime->total_nodes;
    json_string_member(&runtime->settings, "nodes_taken",
                       whole ? "GPU all" : "GPU not all: LiteRT does not say how many");
}
