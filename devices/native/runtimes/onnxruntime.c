/* ONNX Runtime through its C API, opened with dlopen. */
#include "runtimes/onnxruntime_api.h"

/* ONNXTensorElementDataType, which follows TensorProto.DataType of ONNX. */
static const enum dtype element_dtypes[] = {
    DTYPE_NONE,  DTYPE_FLOAT32, DTYPE_UINT8, DTYPE_INT8,    DTYPE_UINT16,  DTYPE_INT16,  DTYPE_INT32,
    DTYPE_INT64, DTYPE_NONE,    DTYPE_BOOL,  DTYPE_FLOAT16, DTYPE_FLOAT64, DTYPE_UINT32, DTYPE_UINT64,
};

static const char *error_name(int code)
{
    static const char *const names[] = {"Ok",          "Fail",           "InvalidArgument",  "NoSuchFile",
                                        "NoModel",     "EngineError",    "RuntimeException", "InvalidProtobuf",
                                        "ModelLoaded", "NotImplemented", "InvalidGraph",     "EPFail"};
    return code >= 0 && (size_t)code < sizeof names / sizeof *names ? names[code] : "OrtError";
}

bool ort_succeeded(struct onnxruntime *self, status said, struct failure *failure)
{
    if (said == NULL)
        return true;
    int code = CALL(self, GetErrorCode, int (*)(const void *))(said);
    fail(failure, error_name(code), "%s", CALL(self, GetErrorMessage, const char *(*)(const void *))(said));
    CALL(self, ReleaseStatus, of_release)(said);
    return false;
}

static bool read_type_and_shape(struct onnxruntime *self, const void *info, int *element, size_t *rank,
                                int64_t shape[RANK_MAX], struct failure *failure)
{
    typedef status (*get_type)(const void *, int *);
    typedef status (*get_dimensions)(const void *, int64_t *, size_t);
    if (!ort_succeeded(self, CALL(self, GetTensorElementType, get_type)(info, element), failure)
        || !ort_succeeded(self, CALL(self, GetDimensionsCount, of_pointer_and_size_out)(info, rank), failure))
        return false;
    if (*rank > RANK_MAX)
        return fail(failure, "ValueError", "a tensor has %lld dimensions; the native runner takes up to %d",
                    (long long)*rank, RANK_MAX);
    return ort_succeeded(self, CALL(self, GetDimensions, get_dimensions)(info, shape, *rank), failure);
}

static enum dtype dtype_of_element(int element)
{
    return element >= 0 && (size_t)element < sizeof element_dtypes / sizeof *element_dtypes ? element_dtypes[element]
                                                                                            : DTYPE_NONE;
}

static bool describe_tensor(struct onnxruntime *self, const void *type_info, struct tensor_info *info,
                            struct failure *failure)
{
    typedef status (*cast)(const void *, const void **);
    typedef status (*get_symbols)(const void *, const char **, size_t);
    const void *tensor_info = NULL;
    const char *symbols[RANK_MAX] = {NULL};
    int64_t shape[RANK_MAX];
    int element = 0;
    if (!ort_succeeded(self, CALL(self, CastTypeInfoToTensorInfo, cast)(type_info, &tensor_info), failure))
        return false;
    if (tensor_info == NULL)
        return fail(failure, "ValueError", "'%s' is no tensor; only dense tensors can be given and kept", info->name);
    if (!read_type_and_shape(self, tensor_info, &element, &info->rank, shape, failure)
        || !ort_succeeded(self, CALL(self, GetSymbolicDimensions, get_symbols)(tensor_info, symbols, info->rank), failure))
        return false;
    info->dtype = dtype_of_element(element);
    if (info->dtype == DTYPE_NONE)
        return fail(failure, "ValueError", "'%s' has elements of ONNX type %d, which the native runner cannot keep",
                    info->name, element);
    for (size_t d = 0; d < info->rank; d++) {
        info->shape[d].size = shape[d];
        if (shape[d] < 0 && symbols[d] != NULL && symbols[d][0] != '\0')
            info->shape[d].symbol = copy_text(symbols[d]);
    }
    return true;
}

/* Names, types and shapes of all inputs, or of all outputs. */
static bool describe(struct onnxruntime *self, bool outputs, struct tensor_info **infos, size_t *count,
                     const char ***names, struct failure *failure)
{
    any_function count_of = self->api[outputs ? PLACE_SessionGetOutputCount : PLACE_SessionGetInputCount];
    any_function name_of = self->api[outputs ? PLACE_SessionGetOutputName : PLACE_SessionGetInputName];
    any_function type_of = self->api[outputs ? PLACE_SessionGetOutputTypeInfo : PLACE_SessionGetInputTypeInfo];
    void *allocator = NULL;
    if (!ort_succeeded(self, CALL(self, GetAllocatorWithDefaultOptions, of_out)(&allocator), failure)
        || !ort_succeeded(self, ((of_pointer_and_size_out)count_of)(self->session, count), failure))
        return false;
    *infos = allocate(*count, sizeof **infos);
    *names = allocate(*count, sizeof **names);
    for (size_t k = 0; k < *count; k++) {
        char *name = NULL;
        void *type_info = NULL;
        if (!ort_succeeded(self, ((of_name_out)name_of)(self->session, k, allocator, &name), failure))
            return false;
        (*names)[k] = (*infos)[k].name = name;
        if (!ort_succeeded(self, ((of_index_and_out)type_of)(self->session, k, &type_info), failure))
            return false;
        bool described = describe_tensor(self, type_info, &(*infos)[k], failure);
        CALL(self, ReleaseTypeInfo, of_release)(type_info);
        if (!described)
            return false;
    }
    return true;
}

static bool set_options(struct onnxruntime *self, void *options, struct failure *failure)
{
    const struct {
        enum place place;
        int value;
    } settings[] = {{PLACE_SetIntraOpNumThreads, self->threads},
                    {PLACE_SetInterOpNumThreads, 1},
                    {PLACE_SetSessionExecutionMode, 0 /* ORT_SEQUENTIAL */},
                    {PLACE_SetSessionLogSeverityLevel, 3 /* errors */},
                    {PLACE_SetSessionGraphOptimizationLevel, 99 /* ORT_ENABLE_ALL */}};
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++)
        if (!ort_succeeded(self, ((of_pointer_and_int)self->api[settings[k].place])(options, settings[k].value), failure))
            return false;
    return true;
}

/* Free dimensions stay free, so `input_shapes` is not needed. */
static bool load(struct runtime *runtime, const char *model, const struct json_value *input_shapes,
                 struct failure *failure)
{
    (void)input_shapes;
    struct onnxruntime *self = (struct onnxruntime *)runtime;
    typedef status (*create_session)(const void *, const char *, const void *, void **);
    void *options = NULL;
    if (!ort_succeeded(self, CALL(self, CreateSessionOptions, of_out)(&options), failure)
        || !set_options(self, options, failure) || !onnxruntime_append_provider(self, options, failure)
        || !ort_succeeded(self, CALL(self, CreateSession, create_session)(self->environment, model, options, &self->session),
                     failure))
        return false;
    CALL(self, ReleaseSessionOptions, of_release)(options);
    if (!describe(self, false, &runtime->inputs, &runtime->input_count, &self->input_names, failure)
        || !describe(self, true, &runtime->outputs, &runtime->output_count, &self->output_names, failure)
        || !onnxruntime_count_nodes(self, failure))
        return false;
    self->input_values = allocate(runtime->input_count, sizeof *self->input_values);
    self->output_values = allocate(runtime->output_count, sizeof *self->output_values);
    self->bound = allocate(runtime->input_count, sizeof *self->bound);
    json_string_member(&runtime->settings, "graph_optimization_level", "ORT_ENABLE_ALL");
    return true;
}

static int element_of_dtype(enum dtype dtype)
{
    for (size_t k = 1; k < sizeof element_dtypes / sizeof *element_dtypes; k++)
        if (element_dtypes[k] == dtype)
            return (int)k;
    return 0;
}

static void unbind(struct onnxruntime *self)
{
    for (size_t k = 0; k < self->base.input_count; k++) {
        if (self->input_values[k] != NULL)
            CALL(self, ReleaseValue, of_release)(self->input_values[k]);
        self->input_values[k] = NULL;
        free(self->bound[k].data);
        self->bound[k].data = NULL;
    }
}

static bool bind(struct runtime *runtime, struct tensor *inputs, struct failure *failure)
{
    struct onnxruntime *self = (struct onnxruntime *)runtime;
    typedef status (*create_tensor)(const void *, void *, size_t, const int64_t *, size_t, int, void **);
    unbind(self);
    for (size_t k = 0; k < runtime->input_count; k++)
        self->bound[k] = inputs[k];
    for (size_t k = 0; k < runtime->input_count; k++) {
        const struct tensor *input = &self->bound[k];
        if (!ort_succeeded(self,
                      CALL(self, CreateTensorWithDataAsOrtValue,
                           create_tensor)(self->memory_info, input->data, input->bytes, input->shape, input->rank,
                                          element_of_dtype(input->dtype), &self->input_values[k]),
                      failure))
            return false;
    }
    return true;
}

static bool infer(struct runtime *runtime)
{
    struct onnxruntime *self = (struct onnxruntime *)runtime;
    self->run_status = self->run(self->session, NULL, self->input_names, (const void *const *)self->input_values,
                                 runtime->input_count, self->output_names, runtime->output_count, self->output_values);
    return self->run_status == NULL;
}

static void infer_failed(struct runtime *runtime, struct failure *failure)
{
    struct onnxruntime *self = (struct onnxruntime *)runtime;
    ort_succeeded(self, self->run_status, failure);
}

static void release(struct runtime *runtime)
{
    struct onnxruntime *self = (struct onnxruntime *)runtime;
    for (size_t k = 0; k < runtime->output_count; k++) {
        if (self->output_values[k] != NULL)
            CALL(self, ReleaseValue, of_release)(self->output_values[k]);
        self->output_values[k] = NULL;
    }
}

static bool fetch(struct runtime *runtime, size_t k, struct tensor *tensor, struct failure *failure)
{
    struct onnxruntime *self = (struct onnxruntime *)runtime;
    void *info = NULL;
    int element = 0;
    typedef status (*of_value)(const void *, void **);
    if (!ort_succeeded(self, CALL(self, GetTensorTypeAndShape, of_value)(self->output_values[k], &info), failure))
        return false;
    bool read = read_type_and_shape(self, info, &element, &tensor->rank, tensor->shape, failure);
    CALL(self, ReleaseTensorTypeAndShapeInfo, of_release)(info);
    if (!read)
        return false;
    tensor->dtype = dtype_of_element(element);
    if (tensor->dtype == DTYPE_NONE || !tensor_bytes(tensor->dtype, tensor->rank, tensor->shape, &tensor->bytes))
        return fail(failure, "ValueError", "output '%s' is not one that can be kept", runtime->outputs[k].name);
    return ort_succeeded(self, CALL(self, GetTensorMutableData, of_value)(self->output_values[k], &tensor->data), failure);
}

struct runtime *onnxruntime_open(const struct runtime_request *request, struct failure *failure)
{
    /* Since 1.29 onnxruntime on Linux collects telemetry: a thread of its own, a device id and a database under
     * ~/.cache/Microsoft, uploads over HTTPS. It starts when the library is opened or its environment is made, and only
     * this variable, set before that, keeps it from starting; DisableTelemetryEvents merely mutes it afterwards. */
    setenv("ORT_DISABLE_TELEMETRY", "1", 1);
    void *library = library_open("onnxruntime", request->library, failure);
    if (library == NULL)
        return NULL;
    const struct api_base *(*get_api_base)(void);
    *(void **)&get_api_base = dlsym(library, "OrtGetApiBase");
    if (get_api_base == NULL) {
        fail(failure, "OSError", "%s is no ONNX Runtime: it has no OrtGetApiBase", request->library);
        return NULL;
    }
    const struct api_base *base = get_api_base();
    struct onnxruntime *self = allocate(1, sizeof *self);
    struct runtime *runtime = &self->base;
    snprintf(runtime->version, sizeof runtime->version, "%s", base->get_version_string());
    /* The version of the table is the release's minor number; asking for one that it lacks prints to stderr. */
    self->api_version = strncmp(runtime->version, "1.", 2) == 0 ? (int)strtoll(runtime->version + 2, NULL, 10) : 0;
    self->api = base->get_api(self->api_version >= API_VERSION_OF_ASSIGNMENT  ? API_VERSION_OF_ASSIGNMENT
                              : self->api_version >= API_VERSION_OF_PROVIDERS ? API_VERSION_OF_PROVIDERS
                                                                              : API_VERSION_OF_CPU);
    if (self->api == NULL) {
        fail(failure, "OSError", "%s is ONNX Runtime %s, which is too old: its C API has no version %d",
             request->library, runtime->version, API_VERSION_OF_CPU);
        return NULL;
    }
    self->library = library;
    self->accelerator = request->accelerator;
    runtime->delegated_nodes = runtime->total_nodes = runtime->wholly_delegated = -1;
    if (!onnxruntime_find_provider(self, request, failure))
        return NULL;
    self->threads = request->threads;
    self->run = (status (*)(void *, const void *, const char *const *, const void *const *, size_t, const char *const *,
                            size_t, void **))self->api[PLACE_Run];
    typedef status (*create_environment)(int, const char *, void **);
    typedef status (*create_memory_info)(int, int, void **);
    if (!ort_succeeded(self, CALL(self, CreateEnv, create_environment)(3 /* errors */, "bakeoff", &self->environment),
                  failure)
        || !ort_succeeded(self, CALL(self, DisableTelemetryEvents, of_pointer)(self->environment), failure)
        || !ort_succeeded(
            self,
            CALL(self, CreateCpuMemoryInfo, create_memory_info)(0 /* device */, 0 /* default */, &self->memory_info),
            failure))
        return NULL;
    runtime->null_is_free = true;
    runtime->load = load;
    runtime->bind = bind;
    runtime->infer = infer;
    runtime->infer_failed = infer_failed;
    runtime->release = release;
    runtime->fetch = fetch;
    char threads[16];
    snprintf(threads, sizeof threads, "%d", request->threads);
    json_string_member(&runtime->settings, "intra_op_num_threads", threads);
    json_string_member(&runtime->settings, "inter_op_num_threads", "1");
    json_string_member(&runtime->settings, "execution_mode", "sequential");
    json_string_member(&runtime->settings, "log_severity_level", "3");
    json_string_member(&runtime->settings, "telemetry",
                       "off (ORT_DISABLE_TELEMETRY=1 before the library is opened, DisableTelemetryEvents)");
    return runtime;
}
