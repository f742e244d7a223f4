"""What a .tflite file says of its inputs and outputs, read from the flatbuffer without a runtime.

Only the fields needed are read, by their ids in TensorFlow Lite's public schema (schema.fbs): Model
{operator_codes 1, subgraphs 2, buffers 4}, SubGraph {tensors 0, inputs 1, outputs 2, operators 3}, Tensor {shape 0,
type 1, buffer 2, name 3, quantization 4, shape_signature 7}, QuantizationParameters {scale 2, zero_point 3}, Buffer
{data 0}. Every offset is checked against the file, so that a truncated file is an error and not a guess.
"""

from __future__ import annotations

import struct

from harness.models.flat_table import FlatTable, Reading, TfliteFormatError, uint32
from harness.models.model_format import ModelReader
from harness.models.tensor_info import TensorInfo
from harness.models.tflite_static import with_static_shapes

IDENTIFIER = b"TFL3"
_DTYPES = {
    0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 5: "string", 6: "bool", 7: "int16", 8: "complex64",
    9: "int8", 10: "float64", 12: "uint64", 15: "uint32", 16: "uint16",
}  # fmt: skip


def read_tflite(data: bytes) -> tuple[list[TensorInfo], list[TensorInfo]]:
    """Inputs and outputs of the first subgraph. Raises `TfliteFormatError` saying what is wrong with the bytes."""
    if data[4:8] != IDENTIFIER:
        raise TfliteFormatError("it does not begin as a .tflite file does (no TFL3 mark)")
    try:
        model = FlatTable(data, uint32(data, 0), Reading(data))
        for buffer in model.tables(4):
            start, length = buffer.vector(0)
            if start + length > len(data):
                raise TfliteFormatError("weights are cut off: the file is truncated")
        subgraphs = model.tables(2)
        if not subgraphs:
            raise TfliteFormatError("it holds no graph")
        graph = subgraphs[0]
        tensors = graph.tables(0)
        _walk_operators(model, graph)
        return (
            [_tensor(tensors[int(index)]) for index in graph.numbers(1, "i")],
            [_tensor(tensors[int(index)]) for index in graph.numbers(2, "i")],
        )
    except (struct.error, IndexError):
        raise TfliteFormatError("it ends in the middle: the file is truncated or damaged") from None


def refuse_unfolding(data: bytes) -> None:
    """Raise `TfliteFormatError` for a file whose graphs are far larger read as objects than they lie in it."""
    model = FlatTable(data, uint32(data, 0), Reading(data))
    for code in model.tables(1):
        code.text(1)
    for graph in model.tables(2):
        for tensor in graph.tables(0):
            tensor.text(3)
            tensor.tables(9)
            sparsity = tensor.table(6)
            if sparsity is not None:
                sparsity.tables(2)
        graph.tables(3)
    for signature in model.tables(7):
        for ends in (0, 1):
            for each in signature.tables(ends):
                each.text(0)


def _walk_operators(model: FlatTable, graph: FlatTable) -> None:
    """Touch every operator, so that a file whose end is cut off is noticed here and not by a runtime on a device."""
    for code in model.tables(1):
        code.text(1)
        code.uint32(2)
    for operator in graph.tables(3):
        operator.uint32(0)
        operator.numbers(1, "i")
        operator.numbers(2, "i")
        options = operator.table(4)
        if options is not None:
            options.byte(0)


def _tensor(tensor: FlatTable) -> TensorInfo:
    shape = tensor.numbers(7, "i") or tensor.numbers(0, "i")
    quantization = tensor.table(4)
    scales = quantization.numbers(2, "f") if quantization else []
    zero_points = quantization.numbers(3, "q") if quantization else []
    per_tensor = len(scales) == 1 and scales[0] > 0
    code = tensor.byte(1)
    return TensorInfo(
        name=tensor.text(3),
        dtype=_DTYPES.get(code, f"type {code}"),
        shape=[int(size) for size in shape],
        scale=float(scales[0]) if per_tensor else None,
        zero_point=int(zero_points[0]) if per_tensor and zero_points else 0 if per_tensor else None,
    )


TFLITE = ModelReader(
    format="tflite",
    suffix=".tflite",
    is_marked=lambda content: content[4:8] == IDENTIFIER,
    read=lambda _path, content: read_tflite(content),
    with_static_shapes=with_static_shapes,
)
