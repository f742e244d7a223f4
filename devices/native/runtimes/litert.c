/* LiteRT as a runtime: the first signature of a model, compiled for the CPU or for the GPU with the CPU behind it.
 * Inputs and outputs are named by their tensors and given in the order of the model's graph, as the interpreter of the
 * Python package does. */
#include "runtimes/litert_gpu.h"
#include "runtimes/litert_library.h"
#include "runtimes/runtime.h"

struct litert {
    struct runtime base;
    struct litert_functions call;
    int threads;
    bool on_gpu;
    struct litert_gpu gpu;
    handle environment;
    handle compiled;
    size_t *input_places; /* the model's k-th input is the signature's input_places[k]-th */
    size_t *output_places;
    int *input_elements; /* LiteRtElementType */
    int *output_elements;
    handle *inputs; /* in the order of the signature */
    handle *outputs;
    handle locked; /* the buffer that `fetch` last gave out */
    int run_status;
};

static bool well(int status, const char *what, struct failure *failure)
{
    return status == 0 || fail(failure, litert_status_name(status), "LiteRT could not %s (status %d)", what, status);
}

static bool describe_tensor(struct litert *self, handle tensor, struct tensor_info *info, int *element,
                            struct failure *failure)
{
    const char *name = NULL;
    struct ranked_type type = {0};
    struct per_tensor_quantisation quantisation = {0};
    int kind = 0;
    if (!well(self->call.get_tensor_name(tensor, &name), "name a tensor", failure))
        return false;
    info->name = copy_text(name != NULL ? name : "");
    if (!well(self->call.get_ranked_type(tensor, &type), "say the type of a tensor", failure))
        return false;
    *element = type.element_type;
    info->dtype = litert_dtype(type.element_type);
    if (info->dtype == DTYPE_NONE)
        return fail(failure, "ValueError", "'%s' has elements of LiteRT type %d, which the native runner cannot keep",
                    info->name, type.element_type);
    info->rank = type.layout.rank;
    if (info->rank > RANK_MAX)
        return fail(failure, "ValueError", "'%s' has %d dimensions; the native runner takes up to %d", info->name,
                    (int)info->rank, RANK_MAX);
    for (size_t d = 0; d < info->rank; d++)
        info->shape[d].size = type.layout.dimensions[d] < 0 ? -1 : type.layout.dimensions[d];
    info->quantised = self->call.get_quantisation_kind(tensor, &kind) == 0 && kind == QUANTISED_PER_TENSOR
                      && self->call.get_per_tensor_quantisation(tensor, &quantisation) == 0;
    info->scale = (double)quantisation.scale;
    info->zero_point = quantisation.zero_point;
    return true;
}

/* All inputs, or all outputs, in the order of the model's graph, and the place of each in the signature. */
static bool describe(struct litert *self, handle signature, handle subgraph, bool outputs, struct failure *failure)
{
    struct litert_functions *call = &self->call;
    size_t count = 0, places = 0;
    if (!well((outputs ? call->count_outputs : call->count_inputs)(subgraph, &count), "count the model's tensors",
              failure)
        || !well((outputs ? call->count_signature_outputs : call->count_signature_inputs)(signature, &places),
                 "count the signature's tensors", failure))
        return false;
    if (places != count)
        return fail(failure, "ValueError", "the model's first signature has %d %s and its graph %d", (int)places,
                    outputs ? "outputs" : "inputs", (int)count);
    struct tensor_info *infos = allocate(count, sizeof *infos);
    size_t *place_of = allocate(count, sizeof *place_of);
    int *elements = allocate(count, sizeof *elements);
    for (size_t k = 0; k < count; k++) {
        handle tensor = NULL, other = NULL;
        if (!well((outputs ? call->get_output : call->get_input)(subgraph, k, &tensor), "give a tensor", failure)
            || !describe_tensor(self, tensor, &infos[k], &elements[k], failure))
            return false;
        for (place_of[k] = 0; place_of[k] < places; place_of[k]++) {
            if (!well(
                    (outputs ? call->get_signature_output : call->get_signature_input)(signature, place_of[k], &other),
                    "give a tensor of the signature", failure))
                return false;
            if (other == tensor)
                break;
        }
        if (place_of[k] == places)
            return fail(failure, "ValueError", "'%s' is not part of the model's first signature", infos[k].name);
    }
    *(outputs ? &self->base.outputs : &self->base.inputs) = infos;
    *(outputs ? &self->base.output_count : &self->base.input_count) = count;
    *(outputs ? &self->output_places : &self->input_places) = place_of;
    *(outputs ? &self->output_elements : &self->input_elements) = elements;
    return true;
}

static bool add_options(struct litert *self, handle options, const char *of, struct bytes *toml,
                        struct failure *failure)
{
    handle opaque = NULL;
    return well(self->call.create_opaque_options(of, toml->data, free, &opaque), "make options", failure)
           && well(self->call.add_opaque_options(options, opaque), "set options", failure);
}

static bool compile(struct litert *self, handle model, struct failure *failure)
{
    handle options = NULL;
    struct bytes cpu = {0}, gpu = {0};
    /* How LiteRT takes the options of its CPU accelerator: lines of TOML under that accelerator's name. */
    bytes_format(&cpu, "num_threads = %d\n", self->threads);
    return well(self->call.create_options(&options), "make options", failure)
           && well(
               self->call.set_accelerators(options, self->on_gpu ? ACCELERATOR_GPU | ACCELERATOR_CPU : ACCELERATOR_CPU),
               "ask for an accelerator", failure)
           && add_options(self, options, "xnnpack", &cpu, failure)
           && (!self->on_gpu
               || (litert_gpu_options(&self->gpu, &gpu, failure)
                   && add_options(self, options, "gpu_options", &gpu, failure)))
           && well(self->call.create_compiled_model(self->environment, model, options, &self->compiled),
                   self->on_gpu ? "compile the model for the GPU (the runner's log has its own words)"
                                : "compile the model",
                   failure);
}

static bool resize(struct litert *self, size_t k, const int64_t *shape, size_t rank, struct failure *failure)
{
    int sizes[RANK_MAX];
    for (size_t d = 0; d < rank; d++)
        sizes[d] = shape[d] > INT32_MAX ? INT32_MAX : (int)shape[d];
    return well(self->call.resize_input(self->compiled, 0, self->input_places[k], sizes, rank), "resize an input",
                failure);
}

static bool resize_as_asked(struct litert *self, const struct json_value *input_shapes, struct failure *failure)
{
    if (input_shapes == NULL || input_shapes->kind != JSON_OBJECT)
        return true;
    for (const struct json_value *asked = input_shapes->as.first; asked != NULL; asked = asked->next) {
        size_t k = 0, rank = 0;
        int64_t shape[RANK_MAX];
        while (k < self->base.input_count && strcmp(self->base.inputs[k].name, asked->key) != 0)
            k++;
        if (k == self->base.input_count)
            return fail(failure, "ValueError", "the plan gives input '%.200s' a shape, and the model has no such input",
                        asked->key);
        if (asked->kind == JSON_ARRAY && asked->count <= RANK_MAX)
            for (const struct json_value *size = asked->as.first; size != NULL; size = size->next)
                shape[rank++] = size->kind == JSON_INTEGER ? size->as.integer : -1;
        if (rank != self->base.inputs[k].rank)
            return fail(failure, "ValueError", "the plan gives input '%.200s' a shape that does not fit", asked->key);
        if (!resize(self, k, shape, rank, failure))
            return false;
    }
    return true;
}

/* New buffers for every input and output, as large as they now are. */
static bool make_buffers(struct litert *self, struct failure *failure)
{
    struct litert_functions *call = &self->call;
    size_t inputs = self->base.input_count, outputs = self->base.output_count;
    struct layout *layouts = allocate(outputs, sizeof *layouts);
    bool made =
        well(call->get_output_layouts(self->compiled, 0, outputs, layouts, true), "lay out the outputs", failure);
    for (size_t k = 0; made && k < inputs + outputs; k++) {
        bool is_input = k < inputs;
        size_t nth = is_input ? k : k - inputs, place = is_input ? self->input_places[nth] : self->output_places[nth];
        handle *buffer = is_input ? &self->inputs[place] : &self->outputs[place], requirements = NULL;
        struct ranked_type type = {0};
        type.element_type = is_input ? self->input_elements[nth] : self->output_elements[nth];
        if (*buffer != NULL)
            call->destroy_buffer(*buffer);
        *buffer = NULL;
        if (is_input)
            made = well(call->get_input_layout(self->compiled, 0, place, &type.layout), "lay out an input", failure);
        else
            type.layout = layouts[place];
        made = made
               && well((is_input ? call->get_input_requirements : call->get_output_requirements)(self->compiled, 0,
                                                                                                 place, &requirements),
                       "say what buffer it wants", failure)
               && well(call->create_buffer(self->environment, &type, requirements, buffer), "make a buffer", failure);
    }
    free(layouts);
    return made;
}

/* Asked before inputs are resized: what was delegated is undone then, and done again when buffers are made. */
static void record_delegation(struct litert *self, handle subgraph)
{
    struct runtime *runtime = &self->base;
    size_t ops = 0;
    bool whole = false;
    if (self->call.is_fully_accelerated(self->compiled, &whole) == 0)
        json_string_member(&runtime->settings, "fully_accelerated", whole ? "true" : "false");
    /* The library says whether all of the graph was delegated; where it was not, how much it does not say. */
    if (self->call.count_ops(subgraph, &ops) == 0) {
        runtime->total_nodes = (int64_t)ops;
        runtime->delegated_nodes = whole ? (int64_t)ops : -1;
    }
    if (self->on_gpu)
        litert_gpu_record(&self->gpu, self->compiled, runtime);
}

static bool load(struct runtime *runtime, const char *model, const struct json_value *input_shapes,
                 struct failure *failure)
{
    struct litert *self = (struct litert *)runtime;
    handle opened = NULL, signature = NULL, subgraph = NULL;
    if (access(model, R_OK) != 0)
        return fail(failure, "FileNotFoundError", "%s cannot be opened: %s", model, strerror(errno));
    if (!well(self->call.create_environment(self->gpu.folder != NULL, &self->gpu.option, &self->environment),
              "make an environment", failure)
        || (self->on_gpu && !litert_gpu_find(&self->gpu, self->environment, failure))
        || !well(self->call.create_model_from_file(self->environment, model, &opened), "open the model", failure)
        || !well(self->call.get_signature(opened, 0, &signature), "find the model's first signature", failure)
        || !well(self->call.get_signature_subgraph(signature, &subgraph), "find the model's graph", failure)
        || !describe(self, signature, subgraph, false, failure) || !describe(self, signature, subgraph, true, failure)
        || !compile(self, opened, failure))
        return false;
    record_delegation(self, subgraph);
    if (!resize_as_asked(self, input_shapes, failure))
        return false;
    self->inputs = allocate(runtime->input_count, sizeof *self->inputs);
    self->outputs = allocate(runtime->output_count, sizeof *self->outputs);
    return true;
}

static bool fits(struct litert *self, size_t k, const struct tensor *input, bool *same, struct failure *failure)
{
    struct layout layout = {0};
    if (!well(self->call.get_input_layout(self->compiled, 0, self->input_places[k], &layout), "lay out an input",
              failure))
        return false;
    *same = layout.rank == input->rank;
    for (size_t d = 0; *same && d < input->rank; d++)
        *same = layout.dimensions[d] == input->shape[d];
    return true;
}

static bool copy_in(struct litert *self, size_t k, const struct tensor *input, struct failure *failure)
{
    handle buffer = self->inputs[self->input_places[k]];
    void *memory = NULL;
    size_t size = 0;
    if (!well(self->call.get_buffer_size(buffer, &size), "say the size of a buffer", failure))
        return false;
    if (size < input->bytes)
        return fail(failure, "ValueError", "input '%s' has room for %lld bytes, the item has %lld",
                    self->base.inputs[k].name, (long long)size, (long long)input->bytes);
    if (!well(self->call.lock_buffer(buffer, &memory, BUFFER_WRITE), "open a buffer", failure))
        return false;
    memcpy(memory, input->data, input->bytes);
    return well(self->call.unlock_buffer(buffer), "close a buffer", failure);
}

static bool bind(struct runtime *runtime, struct tensor *inputs, struct failure *failure)
{
    struct litert *self = (struct litert *)runtime;
    bool bound = true, resized = false;
    for (size_t k = 0; bound && k < runtime->input_count; k++) {
        bool same = false;
        bound = fits(self, k, &inputs[k], &same, failure);
        if (!bound || same)
            continue;
        resized = true;
        if (!resize(self, k, inputs[k].shape, inputs[k].rank, failure)) {
            struct bytes takes = {0}, has = {0};
            add_takes(&takes, &runtime->inputs[k]);
            add_shape(&has, inputs[k].rank, inputs[k].shape);
            bound = fail(failure, "ValueError", "input %s, the item has shape %s", takes.data, has.data);
            bytes_free(&takes);
            bytes_free(&has);
        }
    }
    if (bound && (resized || runtime->input_count == 0 || self->inputs[0] == NULL))
        bound = make_buffers(self, failure);
    for (size_t k = 0; k < runtime->input_count; k++) {
        bound = bound && copy_in(self, k, &inputs[k], failure);
        free(inputs[k].data);
    }
    return bound;
}

static bool infer(struct runtime *runtime)
{
    struct litert *self = (struct litert *)runtime;
    self->run_status =
        self->call.run(self->compiled, 0, runtime->input_count, self->inputs, runtime->output_count, self->outputs);
    /* On a GPU that call returns before it is done: only whoever reads its outputs waits for them. */
    for (size_t k = 0; self->on_gpu && self->run_status == 0 && k < runtime->output_count; k++) {
        void *memory = NULL;
        self->run_status = self->call.lock_buffer(self->outputs[k], &memory, BUFFER_READ);
        if (self->run_status == 0)
            self->run_status = self->call.unlock_buffer(self->outputs[k]);
    }
    return self->run_status == 0;
}

static void infer_failed(struct runtime *runtime, struct failure *failure)
{
    well(((struct litert *)runtime)->run_status, "run the model", failure);
}

static void release(struct runtime *runtime)
{
    struct litert *self = (struct litert *)runtime;
    if (self->locked != NULL)
        self->call.unlock_buffer(self->locked);
    self->locked = NULL;
}

static bool fetch(struct runtime *runtime, size_t k, struct tensor *tensor, struct failure *failure)
{
    struct litert *self = (struct litert *)runtime;
    struct layout *layouts = allocate(runtime->output_count, sizeof *layouts);
    release(runtime);
    bool known = well(self->call.get_output_layouts(self->compiled, 0, runtime->output_count, layouts, false),
                      "lay out the outputs", failure);
    struct layout layout = layouts[self->output_places[k]];
    free(layouts);
    if (!known)
        return false;
    size_t size = 0;
    tensor->dtype = runtime->outputs[k].dtype;
    tensor->rank = layout.rank;
    for (size_t d = 0; d < tensor->rank && d < RANK_MAX; d++)
        tensor->shape[d] = layout.dimensions[d];
    handle buffer = self->outputs[self->output_places[k]];
    if (tensor->rank > RANK_MAX || !tensor_bytes(tensor->dtype, tensor->rank, tensor->shape, &tensor->bytes)
        || self->call.get_buffer_size(buffer, &size) != 0 || size < tensor->bytes)
        return fail(failure, "ValueError", "output '%s' is not one that can be kept", runtime->outputs[k].name);
    if (!well(self->call.lock_buffer(buffer, &tensor->data, BUFFER_READ), "open a buffer", failure))
        return false;
    self->locked = buffer;
    return true;
}

struct runtime *litert_open(const struct runtime_request *request, struct failure *failure)
{
    void *library = library_open("ai-edge-litert", request->library, failure);
    if (library == NULL)
        return NULL;
    struct litert *self = allocate(1, sizeof *self);
    struct runtime *runtime = &self->base;
    const char *missing = litert_functions_find(library, &self->call);
    if (missing != NULL) {
        fail(failure, "OSError", "%s is no LiteRT that can be used: it has no %s", request->library, missing);
        return NULL;
    }
    self->threads = request->threads;
    self->on_gpu = !accelerator_is(request->accelerator, "cpu");
    if (self->on_gpu && !litert_gpu_open(&self->gpu, request, library, failure))
        return NULL;
    /* The library has no function that says its version. */
    snprintf(runtime->version, sizeof runtime->version, "%s", request->version);
    runtime->delegated_nodes = runtime->total_nodes = runtime->wholly_delegated = -1;
    runtime->load = load;
    runtime->bind = bind;
    runtime->infer = infer;
    runtime->infer_failed = infer_failed;
    runtime->release = release;
    runtime->fetch = fetch;
    char threads[16];
    snprintf(threads, sizeof threads, "%d", request->threads);
    json_string_member(&runtime->settings, "num_threads", threads);
    json_string_member(&runtime->settings, "hardware_accelerators", self->on_gpu ? "gpu, cpu" : "cpu");
    if (self->on_gpu)
        json_string_member(&runtime->settings, "timed", "the run and reading its outputs back");
    struct bytes options = {0};
    accelerator_add_options_text(&options, request->accelerator);
    if (options.length != 0)
        json_string_member(&runtime->settings, "accelerator_options", options.data);
    bytes_free(&options);
    json_string_member(&runtime->settings, "version_source", "as asked for: libLiteRt.so does not say its version");
    return runtime;
}
