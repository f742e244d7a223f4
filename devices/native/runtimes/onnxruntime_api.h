/* The C API of ONNX Runtime, as far as it is used.
 *
 * It is one table of function pointers to which versions only ever append, so a function is its place in the table.
 * Each place is that of the member of `OrtApi` of the same name in the project's public onnxruntime_c_api.h.
 */
#ifndef BAKEOFF_ONNXRUNTIME_API_H
#define BAKEOFF_ONNXRUNTIME_API_H

#include "runtimes/runtime.h"

/* Versions of the table, which are the minor numbers of releases: for the CPU any library of the last years does. */
enum {
    API_VERSION_OF_CPU = 11,
    API_VERSION_OF_PROVIDERS = 12,
    API_VERSION_OF_ASSIGNMENT = 24,
};

enum place {
    PLACE_GetErrorCode = 1,
    PLACE_GetErrorMessage = 2,
    PLACE_CreateEnv = 3,
    PLACE_DisableTelemetryEvents = 6,
    PLACE_CreateSession = 7,
    PLACE_Run = 9,
    PLACE_CreateSessionOptions = 10,
    PLACE_SetSessionExecutionMode = 13,
    PLACE_SetSessionLogSeverityLevel = 22,
    PLACE_SetSessionGraphOptimizationLevel = 23,
    PLACE_SetIntraOpNumThreads = 24,
    PLACE_SetInterOpNumThreads = 25,
    PLACE_SessionGetInputCount = 30,
    PLACE_SessionGetOutputCount = 31,
    PLACE_SessionGetInputTypeInfo = 33,
    PLACE_SessionGetOutputTypeInfo = 34,
    PLACE_SessionGetInputName = 36,
    PLACE_SessionGetOutputName = 37,
    PLACE_CreateTensorWithDataAsOrtValue = 49,
    PLACE_GetTensorMutableData = 51,
    PLACE_CastTypeInfoToTensorInfo = 55,
    PLACE_GetTensorElementType = 60,
    PLACE_GetDimensionsCount = 61,
    PLACE_GetDimensions = 62,
    PLACE_GetSymbolicDimensions = 63,
    PLACE_GetTensorTypeAndShape = 65,
    PLACE_CreateCpuMemoryInfo = 69,
    PLACE_GetAllocatorWithDefaultOptions = 78,
    PLACE_ReleaseStatus = 93,
    PLACE_ReleaseValue = 96,
    PLACE_ReleaseTypeInfo = 98,
    PLACE_ReleaseTensorTypeAndShapeInfo = 99,
    PLACE_ReleaseSessionOptions = 100,
    PLACE_GetAvailableProviders = 125,
    PLACE_ReleaseAvailableProviders = 126,
    PLACE_AddSessionConfigEntry = 130,
    PLACE_SessionOptionsAppendExecutionProvider = 216,
    PLACE_Session_GetEpGraphAssignmentInfo = 407,
    PLACE_EpAssignedSubgraph_GetEpName = 408,
    PLACE_EpAssignedSubgraph_GetNodes = 409,
};

typedef void (*any_function)(void);
typedef void *status; /* NULL when all is well */

struct api_base {
    const any_function *(*get_api)(uint32_t version);
    const char *(*get_version_string)(void);
};

struct onnxruntime {
    struct runtime base;
    const any_function *api;
    int api_version; /* the library's own */
    int threads;
    const struct accelerator *accelerator;
    void *library;
    const char *provider; /* name of the execution provider that was asked for, or NULL */
    void *environment;
    void *session;
    void *memory_info;
    const char **input_names;
    const char **output_names;
    void **input_values;
    void **output_values;
    struct tensor *bound;
    status run_status;
    status (*run)(void *session, const void *options, const char *const *input_names, const void *const *inputs,
                  size_t input_count, const char *const *output_names, size_t output_count, void **outputs);
};

/* A function of the table, cast to what it is. */
#define CALL(self, place, signature) (*(signature)(self)->api[PLACE_##place])

typedef status (*of_pointer)(void *);
typedef status (*of_out)(void **);
typedef status (*of_pointer_and_int)(void *, int);
typedef status (*of_pointer_and_size_out)(const void *, size_t *);
typedef status (*of_index_and_out)(const void *, size_t, void **);
typedef status (*of_name_out)(const void *, size_t, void *, char **);
typedef void (*of_release)(void *);

/* Whether a call was well; takes its status apart and frees it. */
bool ort_succeeded(struct onnxruntime *self, status said, struct failure *failure);

/* Whether the accelerator that was asked for can be: fails by name, with what there is. */
bool onnxruntime_find_provider(struct onnxruntime *self, const struct runtime_request *request,
                               struct failure *failure);

/* Appends its execution provider, where one was asked for, to the options of a session. */
bool onnxruntime_append_provider(struct onnxruntime *self, void *options, struct failure *failure);

/* Of a session that is ready: which nodes went where, as far as this library says. */
bool onnxruntime_count_nodes(struct onnxruntime *self, struct failure *failure);

#endif
