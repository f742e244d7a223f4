/* Execution providers of ONNX Runtime: asked for by name with text for options, and what they took of the graph. */
#include "runtimes/onnxruntime_api.h"

#define CPU_PROVIDER "CPUExecutionProvider"
#define ASSIGNMENT_KEY "session.record_ep_graph_assignment_info"

static const struct provider {
    const char *accelerator;
    const char *name;     /* as the library lists it */
    const char *appended; /* as it is asked for */
} providers[] = {
    {"nnapi", "NnapiExecutionProvider", NULL /* by a function of its own */},
    {"qnn", "QNNExecutionProvider", "QNN"},
    {"webgpu", "WebGpuExecutionProvider", "WebGPU"},
    {"xnnpack", "XnnpackExecutionProvider", "XNNPACK"},
};

static const struct provider *provider_of(const struct accelerator *accelerator)
{
    for (size_t k = 0; k < sizeof providers / sizeof *providers; k++)
        if (accelerator_is(accelerator, providers[k].accelerator))
            return &providers[k];
    return NULL;
}

/* Whether the library has a provider; all that it has are listed. */
static bool has_provider(struct onnxruntime *self, const char *name, struct bytes *list, bool *has,
                         struct failure *failure)
{
    typedef status (*get_providers)(char ***, int *);
    typedef status (*release_providers)(char **, int);
    char **names = NULL;
    int count = 0;
    if (!ort_succeeded(self, CALL(self, GetAvailableProviders, get_providers)(&names, &count), failure))
        return false;
    *has = false;
    for (int k = 0; k < count; k++) {
        *has = *has || strcmp(names[k], name) == 0;
        bytes_format(list, "%s%s", k == 0 ? "" : ", ", names[k]);
    }
    return ort_succeeded(self, CALL(self, ReleaseAvailableProviders, release_providers)(names, count), failure);
}

bool onnxruntime_find_provider(struct onnxruntime *self, const struct runtime_request *request, struct failure *failure)
{
    const struct provider *provider = provider_of(request->accelerator);
    struct bytes list = {0};
    bool has = false;
    if (accelerator_is(request->accelerator, "cpu"))
        return true;
    if (provider == NULL)
        return refuse_accelerator(request, "onnxruntime", "cpu, nnapi, qnn, webgpu, xnnpack", failure);
    if (self->api_version < API_VERSION_OF_PROVIDERS)
        return fail(failure, "ValueError",
                    "onnxruntime %s is too old to be asked for accelerator '%s': that needs 1.%d or newer",
                    self->base.version, provider->accelerator, API_VERSION_OF_PROVIDERS);
    self->provider = provider->name;
    if (!has_provider(self, provider->name, &list, &has, failure))
        return false;
    if (!has)
        fail(failure, "ValueError",
             "this build of onnxruntime %s has no %s (accelerator '%s'); it has %s. Bring a build that has it, or set "
             "accelerator to 'cpu'",
             self->base.version, provider->name, provider->accelerator, list.data != NULL ? list.data : "none");
    bytes_free(&list);
    return has;
}

/* NNAPI takes bits: its options are the names of the flags, on or off. */
static bool append_nnapi(struct onnxruntime *self, void *options, struct failure *failure)
{
    static const char *const flags[] = {"use_fp16", "use_nchw", "cpu_disabled", "cpu_only"};
    const struct accelerator *accelerator = self->accelerator;
    status (*append)(void *, uint32_t);
    uint32_t bits = 0;
    *(void **)&append = dlsym(self->library, "OrtSessionOptionsAppendExecutionProvider_Nnapi");
    if (append == NULL)
        return fail(failure, "ValueError",
                    "this build of onnxruntime %s lists NNAPI and does not export the function that asks for it",
                    self->base.version);
    for (size_t k = 0; k < accelerator->option_count; k++) {
        const char *name = accelerator->option_names[k], *value = accelerator->option_values[k];
        size_t flag = 0;
        while (flag < sizeof flags / sizeof *flags && strcmp(flags[flag], name) != 0)
            flag++;
        if (flag == sizeof flags / sizeof *flags || (strcmp(value, "0") != 0 && strcmp(value, "1") != 0))
            return fail(failure, "ValueError",
                        "NNAPI has no option '%.100s' with value '%.100s'; it has use_fp16, use_nchw, cpu_disabled, "
                        "cpu_only, each 0 or 1",
                        name, value);
        bits |= (uint32_t)(value[0] == '1') << flag;
    }
    return ort_succeeded(self, append(options, bits), failure);
}

static bool set_config(struct onnxruntime *self, void *options, const char *key, const char *value,
                       struct failure *failure)
{
    typedef status (*add_entry)(void *, const char *, const char *);
    return ort_succeeded(self, CALL(self, AddSessionConfigEntry, add_entry)(options, key, value), failure);
}

static bool append_by_name(struct onnxruntime *self, const struct provider *provider, void *options,
                           struct failure *failure)
{
    typedef status (*append)(void *, const char *, const char *const *, const char *const *, size_t);
    const struct accelerator *accelerator = self->accelerator;
    const char *names[OPTIONS_MAX + 1], *values[OPTIONS_MAX + 1];
    size_t count = accelerator->option_count;
    char threads[16];
    for (size_t k = 0; k < count; k++) {
        names[k] = accelerator->option_names[k];
        values[k] = accelerator->option_values[k];
    }
    if (strcmp(provider->appended, "XNNPACK") == 0) {
        /* It has threads of its own, for which those of the session must not spin: as its documentation asks. */
        if (!set_config(self, options, "session.intra_op.allow_spinning", "0", failure))
            return false;
        json_string_member(&self->base.settings, "allow_spinning", "0");
        if (accelerator_option(accelerator, "intra_op_num_threads") == NULL) {
            snprintf(threads, sizeof threads, "%d", self->threads);
            names[count] = "intra_op_num_threads";
            values[count++] = threads;
        }
    }
    return ort_succeeded(
        self,
        CALL(self, SessionOptionsAppendExecutionProvider, append)(options, provider->appended, names, values, count),
        failure);
}

bool onnxruntime_append_provider(struct onnxruntime *self, void *options, struct failure *failure)
{
    struct json_writer *settings = &self->base.settings;
    struct bytes text = {0};
    if (self->provider == NULL) {
        json_string_member(settings, "providers_asked", CPU_PROVIDER);
        /* No other provider was appended, and a session falls back to this one only. */
        json_string_member(settings, "providers_got", CPU_PROVIDER);
        return true;
    }
    const struct provider *provider = provider_of(self->accelerator);
    if (!(provider->appended != NULL ? append_by_name(self, provider, options, failure)
                                     : append_nnapi(self, options, failure)))
        return false;
    if (self->api_version >= API_VERSION_OF_ASSIGNMENT && !set_config(self, options, ASSIGNMENT_KEY, "1", failure))
        return false;
    bytes_format(&text, "%s," CPU_PROVIDER, provider->name);
    json_string_member(settings, "providers_asked", text.data);
    bytes_clear(&text);
    bytes_text(&text, "");
    accelerator_add_options_text(&text, self->accelerator);
    if (text.length != 0)
        json_string_member(settings, "provider_options", text.data);
    bytes_free(&text);
    return true;
}

/* How many nodes of one part of the graph, and whether they are the accelerator's. */
static bool count_subgraph(struct onnxruntime *self, const void *subgraph, size_t *count, bool *ours,
                           struct failure *failure)
{
    typedef status (*get_name)(const void *, const char **);
    typedef status (*get_nodes)(const void *, const void *const **, size_t *);
    const char *name = NULL;
    const void *const *nodes = NULL;
    if (!ort_succeeded(self, CALL(self, EpAssignedSubgraph_GetEpName, get_name)(subgraph, &name), failure)
        || !ort_succeeded(self, CALL(self, EpAssignedSubgraph_GetNodes, get_nodes)(subgraph, &nodes, count), failure))
        return false;
    *ours = name != NULL && strcmp(name, self->provider) == 0;
    return true;
}

bool onnxruntime_count_nodes(struct onnxruntime *self, struct failure *failure)
{
    typedef status (*get_assignment)(const void *, const void *const **, size_t *);
    struct runtime *runtime = &self->base;
    const void *const *subgraphs = NULL;
    size_t count = 0, taken = 0, total = 0;
    char text[100];
    if (self->provider == NULL)
        return true;
    /* A session that could not have its provider would not have been made; the CPU's is always behind it. */
    snprintf(text, sizeof text, "%s," CPU_PROVIDER, self->provider);
    json_string_member(&runtime->settings, "providers_got", text);
    if (self->api_version < API_VERSION_OF_ASSIGNMENT) {
        snprintf(text, sizeof text, "unknown: onnxruntime says it since 1.%d only", API_VERSION_OF_ASSIGNMENT);
        json_string_member(&runtime->settings, "nodes_taken", text);
        return true;
    }
    if (!ort_succeeded(self, CALL(self, Session_GetEpGraphAssignmentInfo, get_assignment)(self->session, &subgraphs, &count),
                  failure))
        return false;
    for (size_t k = 0; k < count; k++) {
        size_t nodes = 0;
        bool ours = false;
        if (!count_subgraph(self, subgraphs[k], &nodes, &ours, failure))
            return false;
        total += nodes;
        taken += ours ? nodes : 0;
    }
    runtime->delegated_nodes = (int64_t)taken;
    runtime->total_nodes = (int64_t)total;
    runtime->wholly_delegated = total != 0 && taken == total;
    snprintf(text, sizeof text, "%s %lld, others %lld (as onnxruntime counts them)", self->provider, (long long)taken,
             (long long)(total - taken));
    json_string_member(&runtime->settings, "nodes_taken", text);
    return true;
}
