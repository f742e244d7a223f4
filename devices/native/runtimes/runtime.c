#include "runtimes/runtime.h"

struct runtime *runtime_open(const char *name, const struct runtime_request *request, struct failure *failure)
{
    static const struct {
        const char *name;
        struct runtime *(*open)(const struct runtime_request *, struct failure *);
    } runtimes[] = {{"onnxruntime", onnxruntime_open}, {"ai-edge-litert", litert_open}};
    for (size_t k = 0; k < sizeof runtimes / sizeof *runtimes; k++) {
        if (strcmp(runtimes[k].name, name) == 0)
            return runtimes[k].open(request, failure);
    }
    struct bytes known = {0};
    for (size_t k = 0; k < sizeof runtimes / sizeof *runtimes; k++)
        bytes_format(&known, "%s%s", k == 0 ? "" : ", ", runtimes[k].name);
    fail(failure, "ValueError", "the native runner cannot drive runtime '%s'; it has %s", name, known.data);
    bytes_free(&known);
    return NULL;
}

bool refuse_accelerator(const struct runtime_request *request, const char *runtime, const char *known,
                        struct failure *failure)
{
    return fail(failure, "ValueError", "accelerator '%s' is not one that the native runner can ask %s for; it knows %s",
                request->accelerator->name, runtime, known);
}

void *library_open(const char *runtime, const char *path, struct failure *failure)
{
    if (path == NULL) {
        fail(failure, "ValueError", "the plan names no library of %s: the native runner opens the runtime's own",
             runtime);
        return NULL;
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *said = dlerror();
        fail(failure, "OSError", "the library of %s cannot be opened: %s", runtime, said != NULL ? said : path);
    }
    return handle;
}

void tensor_infos_write(struct json_writer *writer, const struct runtime *runtime, bool outputs)
{
    const struct tensor_info *infos = outputs ? runtime->outputs : runtime->inputs;
    size_t count = outputs ? runtime->output_count : runtime->input_count;
    json_name(writer, outputs ? "outputs" : "inputs");
    json_open(writer, '[');
    for (size_t k = 0; k < count; k++) {
        const struct tensor_info *info = &infos[k];
        json_open(writer, '{');
        json_string_member(writer, "name", info->name);
        json_string_member(writer, "dtype", dtype_name(info->dtype));
        json_name(writer, "shape");
        json_open(writer, '[');
        for (size_t d = 0; d < info->rank; d++) {
            if (info->shape[d].symbol != NULL)
                json_string(writer, info->shape[d].symbol);
            else if (info->shape[d].size < 0 && runtime->null_is_free)
                json_null(writer);
            else
                json_integer(writer, info->shape[d].size);
        }
        json_close(writer, ']');
        json_name(writer, "scale");
        if (info->quantised)
            json_real(writer, info->scale);
        else
            json_null(writer);
        json_name(writer, "zero_point");
        if (info->quantised)
            json_integer(writer, info->zero_point);
        else
            json_null(writer);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

void add_takes(struct bytes *out, const struct tensor_info *info)
{
    bytes_format(out, "'%s' takes %s [", info->name, dtype_name(info->dtype));
    for (size_t d = 0; d < info->rank; d++) {
        bytes_text(out, d == 0 ? "" : ", ");
        if (info->shape[d].symbol != NULL)
            bytes_format(out, "'%s'", info->shape[d].symbol);
        else if (info->shape[d].size < 0)
            bytes_text(out, "any");
        else
            bytes_format(out, "%lld", (long long)info->shape[d].size);
    }
    bytes_text(out, "]");
}

void add_shape(struct bytes *out, size_t rank, const int64_t *shape)
{
    bytes_text(out, "[");
    for (size_t k = 0; k < rank; k++)
        bytes_format(out, k == 0 ? "%lld" : ", %lld", (long long)shape[k]);
    bytes_text(out, "]");
}
