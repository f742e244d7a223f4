/* A library with the C API of ONNX Runtime that computes nothing: one input and one output, float32 [1, 4], and a run
 * that hands the input's values on.
 *
 * For execution providers that no machine here can have, and for what the runner itself costs. What reaches the
 * providers is appended to the file that $STUB_CALLS names, a line each; $STUB_VERSION is the release it says it is,
 * $STUB_PROVIDERS what it says it has, $STUB_TAKEN how many of its five nodes the first of them took. Of every thousand
 * runs it keeps $STUB_KEEPS bytes for ever, until it has kept $STUB_KEEPS_AT_MOST: a leak, or a cache that fills up.
 */
#include "runtimes/onnxruntime_api.h"

#define NODES 5

static float values[4];
static char here; /* whatever a handle must point to */
static char *provider_names[8];
static int provider_count;

static void note(const char *format, ...)
{
    const char *path = getenv("STUB_CALLS");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    if (file == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fclose(file);
}

static const char *variable(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value != NULL ? value : otherwise;
}

static void missing(void)
{
    fprintf(stderr, "the stub of ONNX Runtime has no such function\n");
    abort();
}

static int get_error_code(const void *said)
{
    (void)said;
    return 1;
}

static const char *get_error_message(const void *said)
{
    return said;
}

static void release(void *thing)
{
    (void)thing;
}

static status make(void **out)
{
    *out = &here;
    return NULL;
}

static status create_environment(int level, const char *name, void **out)
{
    (void)level, (void)name;
    return make(out);
}

static status fine(void *thing)
{
    (void)thing;
    return NULL;
}

static status set_number(void *options, int value)
{
    (void)options, (void)value;
    return NULL;
}

static status create_session(const void *environment, const char *model, const void *options, void **out)
{
    (void)environment, (void)options;
    return access(model, R_OK) == 0 ? make(out) : "no such model";
}

static status count_one(const void *session, size_t *count)
{
    (void)session;
    *count = 1;
    return NULL;
}

static status type_of(const void *session, size_t k, void **out)
{
    (void)session, (void)k;
    return make(out);
}

static status input_name(const void *session, size_t k, void *allocator, char **out)
{
    static char name[] = "image";
    (void)session, (void)k, (void)allocator;
    *out = name;
    return NULL;
}

static status create_tensor(const void *memory, void *data, size_t bytes, const int64_t *shape, size_t rank, int type,
                            void **out)
{
    (void)memory, (void)shape, (void)rank, (void)type;
    memcpy(values, data, bytes < sizeof values ? bytes : sizeof values);
    return make(out);
}

static status get_pointer(const void *thing, const void **out)
{
    (void)thing;
    *out = values;
    return NULL;
}

static status get_element_type(const void *info, int *out)
{
    (void)info;
    *out = 1; /* float */
    return NULL;
}

static status get_rank(const void *info, size_t *out)
{
    (void)info;
    *out = 2;
    return NULL;
}

static status get_dimensions(const void *info, int64_t *out, size_t count)
{
    (void)info;
    for (size_t k = 0; k < count; k++)
        out[k] = k == 0 ? 1 : 4;
    return NULL;
}

static status get_symbols(const void *info, const char **out, size_t count)
{
    (void)info;
    for (size_t k = 0; k < count; k++)
        out[k] = "";
    return NULL;
}

static status get_type_and_shape(const void *value, void **out)
{
    (void)value;
    return make(out);
}

static status create_memory_info(int allocator, int kind, void **out)
{
    (void)allocator, (void)kind;
    return make(out);
}

static char *volatile newest; /* what nobody points to, the compiler leaves out */

static void keep(void)
{
    static long each = -1, at_most, runs, kept;
    if (each < 0) {
        each = strtol(variable("STUB_KEEPS", "0"), NULL, 10);
        at_most = strtol(variable("STUB_KEEPS_AT_MOST", "9223372036854775807"), NULL, 10);
    }
    if (each > 0 && ++runs % 1000 == 0 && kept + each <= at_most) {
        char *forgotten = malloc((size_t)each);
        if (forgotten != NULL)
            memset(forgotten, 1, (size_t)each);
        newest = forgotten;
        kept += each;
    }
}

static status run(void *session, const void *options, const char *const *input_names, const void *const *inputs,
                  size_t input_count, const char *const *output_names, size_t output_count, void **outputs)
{
    (void)session, (void)options, (void)input_names, (void)inputs, (void)input_count, (void)output_names;
    keep();
    for (size_t k = 0; k < output_count; k++)
        outputs[k] = &here;
    return NULL;
}

static status get_providers(char ***names, int *count)
{
    *names = provider_names;
    *count = provider_count;
    return NULL;
}

static status release_providers(char **names, int count)
{
    (void)names, (void)count;
    return NULL;
}

static status add_config(void *options, const char *key, const char *value)
{
    (void)options;
    note("config %s=%s\n", key, value);
    return NULL;
}

static status append_provider(void *options, const char *name, const char *const *keys, const char *const *texts,
                              size_t count)
{
    (void)options;
    note("append %s", name);
    for (size_t k = 0; k < count; k++)
        note(" %s=%s", keys[k], texts[k]);
    note("\n");
    return NULL;
}

status OrtSessionOptionsAppendExecutionProvider_Nnapi(void *options, uint32_t flags);
status OrtSessionOptionsAppendExecutionProvider_Nnapi(void *options, uint32_t flags)
{
    (void)options;
    note("nnapi %u\n", (unsigned)flags);
    return NULL;
}

/* One part with the nodes that the first provider took; each other node is a part of its own. */
static status get_assignment(const void *session, const void *const **out, size_t *count)
{
    static int parts[NODES];
    static const void *handles[NODES];
    int taken = (int)strtol(variable("STUB_TAKEN", "5"), NULL, 10);
    (void)session;
    *count = 0;
    if (taken != 0)
        parts[(*count)++] = taken;
    for (int k = taken; k < NODES; k++)
        parts[(*count)++] = 0;
    for (size_t k = 0; k < *count; k++)
        handles[k] = &parts[k];
    *out = handles;
    return NULL;
}

static status part_provider(const void *part, const char **out)
{
    *out = *(const int *)part != 0 ? provider_names[0] : "CPUExecutionProvider";
    return NULL;
}

static status part_nodes(const void *part, const void *const **out, size_t *count)
{
    static const void *nodes[NODES];
    *out = nodes;
    *count = *(const int *)part != 0 ? (size_t)*(const int *)part : 1;
    return NULL;
}

static const char *version(void)
{
    return variable("STUB_VERSION", "1.28.0");
}

static const any_function *get_api(uint32_t number)
{
    static any_function table[512];
    static char names[400];
    static const struct {
        enum place place;
        any_function function;
    } functions[] = {
        {PLACE_GetErrorCode, (any_function)get_error_code},
        {PLACE_GetErrorMessage, (any_function)get_error_message},
        {PLACE_CreateEnv, (any_function)create_environment},
        {PLACE_DisableTelemetryEvents, (any_function)fine},
        {PLACE_CreateSession, (any_function)create_session},
        {PLACE_Run, (any_function)run},
        {PLACE_CreateSessionOptions, (any_function)make},
        {PLACE_SetSessionExecutionMode, (any_function)set_number},
        {PLACE_SetSessionLogSeverityLevel, (any_function)set_number},
        {PLACE_SetSessionGraphOptimizationLevel, (any_function)set_number},
        {PLACE_SetIntraOpNumThreads, (any_function)set_number},
        {PLACE_SetInterOpNumThreads, (any_function)set_number},
        {PLACE_SessionGetInputCount, (any_function)count_one},
        {PLACE_SessionGetOutputCount, (any_function)count_one},
        {PLACE_SessionGetInputTypeInfo, (any_function)type_of},
        {PLACE_SessionGetOutputTypeInfo, (any_function)type_of},
        {PLACE_SessionGetInputName, (any_function)input_name},
        {PLACE_SessionGetOutputName, (any_function)input_name},
        {PLACE_CreateTensorWithDataAsOrtValue, (any_function)create_tensor},
        {PLACE_GetTensorMutableData, (any_function)get_pointer},
        {PLACE_CastTypeInfoToTensorInfo, (any_function)get_pointer},
        {PLACE_GetTensorElementType, (any_function)get_element_type},
        {PLACE_GetDimensionsCount, (any_function)get_rank},
        {PLACE_GetDimensions, (any_function)get_dimensions},
        {PLACE_GetSymbolicDimensions, (any_function)get_symbols},
        {PLACE_GetTensorTypeAndShape, (any_function)get_type_and_shape},
        {PLACE_CreateCpuMemoryInfo, (any_function)create_memory_info},
        {PLACE_GetAllocatorWithDefaultOptions, (any_function)make},
        {PLACE_ReleaseStatus, (any_function)release},
        {PLACE_ReleaseValue, (any_function)release},
        {PLACE_ReleaseTypeInfo, (any_function)release},
        {PLACE_ReleaseTensorTypeAndShapeInfo, (any_function)release},
        {PLACE_ReleaseSessionOptions, (any_function)release},
        {PLACE_GetAvailableProviders, (any_function)get_providers},
        {PLACE_ReleaseAvailableProviders, (any_function)release_providers},
        {PLACE_AddSessionConfigEntry, (any_function)add_config},
        {PLACE_SessionOptionsAppendExecutionProvider, (any_function)append_provider},
        {PLACE_Session_GetEpGraphAssignmentInfo, (any_function)get_assignment},
        {PLACE_EpAssignedSubgraph_GetEpName, (any_function)part_provider},
        {PLACE_EpAssignedSubgraph_GetNodes, (any_function)part_nodes},
    };
    note("api %u\n", (unsigned)number);
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        table[k] = missing;
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++)
        table[functions[k].place] = functions[k].function;
    snprintf(names, sizeof names, "%s", variable("STUB_PROVIDERS", "CPUExecutionProvider"));
    provider_count = 0;
    for (char *name = strtok(names, ","); name != NULL && provider_count < 8; name = strtok(NULL, ","))
        provider_names[provider_count++] = name;
    return table;
}

const struct api_base *OrtGetApiBase(void);
const struct api_base *OrtGetApiBase(void)
{
    static const struct api_base base = {get_api, version};
    return &base;
}
