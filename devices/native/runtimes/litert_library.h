/* The functions of libLiteRt.so that are used, and what crosses the boundary to it.
 *
 * Handles are opaque pointers; structures and numbers are those of the project's public headers (litert_layout.h,
 * litert_model_types.h, litert_common.h, litert_tensor_buffer.h, litert_any.h, litert_environment_options.h).
 */
#ifndef BAKEOFF_LITERT_LIBRARY_H
#define BAKEOFF_LITERT_LIBRARY_H

#include "runtimes/dtype.h"

typedef void *handle;

struct layout {
    unsigned rank : 7;
    unsigned has_strides : 1;
    int32_t dimensions[8]; /* less than 0 where it is not fixed */
    uint32_t strides[8];
};

struct ranked_type {
    int element_type;
    struct layout layout;
};

struct per_tensor_quantisation {
    float scale;
    int64_t zero_point;
};

/* One thing that an environment is told. */
struct env_option {
    int tag;
    struct {
        int type;
        union {
            const char *string;
            int64_t integer;
        } as;
    } value;
};

enum { ENV_RUNTIME_LIBRARY_DIR = 22, ANY_STRING = 8 };
enum { ACCELERATOR_CPU = 1, ACCELERATOR_GPU = 2 };
enum { BUFFER_READ = 0, BUFFER_WRITE = 1, QUANTISED_PER_TENSOR = 1 };

struct litert_functions {
    int (*create_environment)(int, const struct env_option *, handle *);
    int (*create_model_from_file)(handle environment, const char *, handle *);
    int (*create_options)(handle *);
    int (*set_accelerators)(handle options, int);
    int (*create_opaque_options)(const char *identifier, void *payload, void (*free_payload)(void *), handle *);
    int (*add_opaque_options)(handle options, handle opaque);
    int (*create_compiled_model)(handle environment, handle model, handle options, handle *);
    int (*get_signature)(handle model, size_t, handle *);
    int (*get_signature_subgraph)(handle signature, handle *);
    int (*count_ops)(handle subgraph, size_t *);
    int (*count_inputs)(handle subgraph, size_t *);
    int (*count_outputs)(handle subgraph, size_t *);
    int (*get_input)(handle subgraph, size_t, handle *);
    int (*get_output)(handle subgraph, size_t, handle *);
    int (*count_signature_inputs)(handle signature, size_t *);
    int (*count_signature_outputs)(handle signature, size_t *);
    int (*get_signature_input)(handle signature, size_t, handle *);
    int (*get_signature_output)(handle signature, size_t, handle *);
    int (*get_tensor_name)(handle tensor, const char **);
    int (*get_ranked_type)(handle tensor, struct ranked_type *);
    int (*get_quantisation_kind)(handle tensor, int *);
    int (*get_per_tensor_quantisation)(handle tensor, struct per_tensor_quantisation *);
    int (*resize_input)(handle compiled, size_t signature, size_t input, const int *, size_t);
    int (*get_input_layout)(handle compiled, size_t signature, size_t input, struct layout *);
    int (*get_output_layouts)(handle compiled, size_t signature, size_t, struct layout *, bool update);
    int (*get_input_requirements)(handle compiled, size_t signature, size_t input, handle *);
    int (*get_output_requirements)(handle compiled, size_t signature, size_t output, handle *);
    int (*create_buffer)(handle environment, const struct ranked_type *, handle requirements, handle *);
    int (*lock_buffer)(handle buffer, void **, int mode);
    int (*unlock_buffer)(handle buffer);
    int (*get_buffer_size)(handle buffer, size_t *);
    void (*destroy_buffer)(handle buffer);
    int (*run)(handle compiled, size_t signature, size_t, handle *, size_t, handle *);
    int (*is_fully_accelerated)(handle compiled, bool *);
};

/* Fills them in from an open library. NULL, or the name of the first that it does not have. */
const char *litert_functions_find(void *library, struct litert_functions *functions);

/* Of a LiteRtElementType. */
enum dtype litert_dtype(int element);

/* A LiteRtStatus in words. */
const char *litert_status_name(int status);

#endif
