#include "runtimes/litert_library.h"

static const char *const symbols[] = {
    "LiteRtCreateEnvironment",
    "LiteRtCreateModelFromFile",
    "LiteRtCreateOptions",
    "LiteRtSetOptionsHardwareAccelerators",
    "LiteRtCreateOpaqueOptions",
    "LiteRtAddOpaqueOptions",
    "LiteRtCreateCompiledModel",
    "LiteRtGetModelSignature",
    "LiteRtGetSignatureSubgraph",
    "LiteRtGetNumSubgraphOps",
    "LiteRtGetNumSubgraphInputs",
    "LiteRtGetNumSubgraphOutputs",
    "LiteRtGetSubgraphInput",
    "LiteRtGetSubgraphOutput",
    "LiteRtGetNumSignatureInputs",
    "LiteRtGetNumSignatureOutputs",
    "LiteRtGetSignatureInputTensorByIndex",
    "LiteRtGetSignatureOutputTensorByIndex",
    "LiteRtGetTensorName",
    "LiteRtGetRankedTensorType",
    "LiteRtGetQuantizationTypeId",
    "LiteRtGetPerTensorQuantization",
    "LiteRtCompiledModelResizeInputTensor",
    "LiteRtGetCompiledModelInputTensorLayout",
    "LiteRtGetCompiledModelOutputTensorLayouts",
    "LiteRtGetCompiledModelInputBufferRequirements",
    "LiteRtGetCompiledModelOutputBufferRequirements",
    "LiteRtCreateManagedTensorBufferFromRequirements",
    "LiteRtLockTensorBuffer",
    "LiteRtUnlockTensorBuffer",
    "LiteRtGetTensorBufferSize",
    "LiteRtDestroyTensorBuffer",
    "LiteRtRunCompiledModel",
    "LiteRtCompiledModelIsFullyAccelerated",
};

_Static_assert(sizeof(struct litert_functions) == sizeof symbols, "one symbol for each function, in the same order");
_Static_assert(sizeof(struct ranked_type) == 72, "as the library's own headers assert");
_Static_assert(sizeof(struct env_option) == 24, "as the library's own headers assert");

const char *litert_functions_find(void *library, struct litert_functions *functions)
{
    for (size_t k = 0; k < sizeof symbols / sizeof *symbols; k++) {
        void *symbol = dlsym(library, symbols[k]);
        if (symbol == NULL)
            return symbols[k];
        memcpy((char *)functions + k * sizeof symbol, &symbol, sizeof symbol);
    }
    return NULL;
}

/* LiteRtElementType, which follows TfLiteType. */
enum dtype litert_dtype(int element)
{
    static const unsigned char dtypes[] = {
        [1] = DTYPE_FLOAT32,  [2] = DTYPE_INT32,   [3] = DTYPE_UINT8,   [4] = DTYPE_INT64,
        [6] = DTYPE_BOOL,     [7] = DTYPE_INT16,   [9] = DTYPE_INT8,    [10] = DTYPE_FLOAT16,
        [11] = DTYPE_FLOAT64, [13] = DTYPE_UINT64, [16] = DTYPE_UINT32, [17] = DTYPE_UINT16,
    };
    return element >= 0 && (size_t)element < sizeof dtypes ? (enum dtype)dtypes[element] : DTYPE_NONE;
}

const char *litert_status_name(int status)
{
    static const struct {
        int status;
        const char *name;
    } names[] = {{1, "InvalidArgument"},
                 {2, "MemoryAllocationFailure"},
                 {3, "RuntimeFailure"},
                 {4, "MissingInputTensor"},
                 {5, "Unsupported"},
                 {6, "NotFound"},
                 {7, "TimeoutExpired"},
                 {8, "WrongVersion"},
                 {9, "Unknown"},
                 {10, "AlreadyExists"},
                 {100, "Cancelled"},
                 {500, "FileIO"},
                 {501, "InvalidFlatbuffer"},
                 {502, "DynamicLoading"},
                 {503, "Serialization"},
                 {504, "Compilation"},
                 {1000, "IndexOOB"},
                 {1001, "InvalidIrType"},
                 {1002, "InvalidGraphInvariant"},
                 {4000, "UnsupportedRuntimeVersion"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (names[k].status == status)
            return names[k].name;
    return "LiteRtStatus";
}
