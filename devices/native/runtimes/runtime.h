/* A runtime as a worker drives it: open, load, bind inputs, infer, fetch outputs. One file for each. */
#ifndef BAKEOFF_RUNTIME_H
#define BAKEOFF_RUNTIME_H

#include "runtimes/accelerator.h"
#include "runtimes/dtype.h"
#include "platform/failure.h"
#include "json/json_writer.h"

struct dimension {
    int64_t size; /* negative where it is not fixed */
    char *symbol; /* its name in the model, or NULL */
};

struct tensor_info {
    char *name;
    enum dtype dtype;
    size_t rank;
    struct dimension shape[RANK_MAX];
    bool quantised;
    double scale;
    int64_t zero_point;
};

struct runtime {
    struct tensor_info *inputs;
    size_t input_count;
    struct tensor_info *outputs;
    size_t output_count;
    char version[64];
    int64_t delegated_nodes; /* −1 where it is not known */
    int64_t total_nodes;
    int wholly_delegated;        /* whether the accelerator took the whole graph; −1 where it is not known */
    bool null_is_free;           /* whether a dimension without a size or a name is reported as null, or as −1 */
    struct json_writer settings; /* members of an object: what was set, in the runtime's own words */

    /* From opening the model's file to being ready for inputs. `input_shapes` may be NULL. */
    bool (*load)(struct runtime *runtime, const char *model, const struct json_value *input_shapes,
                 struct failure *failure);
    /* Sets the inputs, whose dtypes and ranks have been checked; keeps and frees their data. */
    bool (*bind)(struct runtime *runtime, struct tensor *inputs, struct failure *failure);
    /* The timed call. False where it failed: `infer_failed` says why. */
    bool (*infer)(struct runtime *runtime);
    void (*infer_failed)(struct runtime *runtime, struct failure *failure);
    /* Frees what `infer` made, outside the timed region. */
    void (*release)(struct runtime *runtime);
    /* Output `k` of the last `infer`; its data stays the runtime's until the next call of `fetch` or `release`. */
    bool (*fetch)(struct runtime *runtime, size_t k, struct tensor *tensor, struct failure *failure);
};

struct runtime_request {
    const char *library;                   /* path of its shared library, or NULL */
    const char *version;                   /* as asked for */
    const struct accelerator *accelerator; /* outlives the runtime */
    int threads;
};

/* Opens the runtime of that name. NULL, with the failure, where there is none or it cannot be opened. */
struct runtime *runtime_open(const char *name, const struct runtime_request *request, struct failure *failure);

struct runtime *onnxruntime_open(const struct runtime_request *request, struct failure *failure);
struct runtime *litert_open(const struct runtime_request *request, struct failure *failure);

/* For an accelerator that a runtime cannot be asked for: always false. */
bool refuse_accelerator(const struct runtime_request *request, const char *runtime, const char *known,
                        struct failure *failure);

/* The handle of a shared library, or NULL with the failure. */
void *library_open(const char *runtime, const char *path, struct failure *failure);

/* Writes `inputs` or `outputs` in the shape of `harness.documents.records.TensorInfo`. */
void tensor_infos_write(struct json_writer *writer, const struct runtime *runtime, bool outputs);

/* `'signal' takes float32 [1, 1, 'height', 'width']`, for messages. */
void add_takes(struct bytes *out, const struct tensor_info *info);

/* Such as `[1, 3, 8, 8]`. */
void add_shape(struct bytes *out, size_t rank, const int64_t *shape);

#endif
