"""What an .onnx file says of its inputs and outputs."""

from __future__ import annotations

from pathlib import Path

from harness.models.model_format import ModelFormatError, ModelReader
from harness.models.tensor_info import TensorInfo


class OnnxFormatError(ModelFormatError):
    """The file is not a whole ONNX model in one file."""


def read_onnx(content: bytes) -> tuple[list[TensorInfo], list[TensorInfo]]:
    """Inputs (without initialisers) and outputs of the graph. Raises `OnnxFormatError` saying what is wrong."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise OnnxFormatError("it is not an ONNX model, or it is truncated") from None
    if not model.graph.node or not model.graph.output:
        raise OnnxFormatError("it is not an ONNX model: it holds no graph")
    for initializer in model.graph.initializer:
        if initializer.data_location == onnx.TensorProto.EXTERNAL:
            raise OnnxFormatError(
                "its weights are in a second file; save it as one: "
                "onnx.save(onnx.load(path), new_path, save_as_external_data=False)"
            )
    constants = {initializer.name for initializer in model.graph.initializer}
    try:
        inputs = [_tensor(value) for value in model.graph.input if value.name not in constants]
        return inputs, [_tensor(value) for value in model.graph.output]
    except OnnxFormatError:
        raise
    except (KeyError, TypeError, ValueError):  # names that are no text, sizes that are no numbers
        raise OnnxFormatError("what it says of its inputs and outputs is damaged") from None


def _tensor(value: object) -> TensorInfo:
    import onnx

    tensor = value.type.tensor_type  # type: ignore[attr-defined]
    if not tensor.elem_type:
        raise OnnxFormatError(f"{value.name!r} is not a tensor")  # type: ignore[attr-defined]
    shape: list[int | str | None] = [
        dimension.dim_value
        if dimension.HasField("dim_value")
        else dimension.dim_param
        if dimension.HasField("dim_param")
        else None
        for dimension in tensor.shape.dim
    ]
    try:
        dtype = str(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    except KeyError:
        raise OnnxFormatError(f"{value.name!r} holds elements of an unknown type {tensor.elem_type}") from None  # type: ignore[attr-defined]
    return TensorInfo(name=value.name, dtype=dtype, shape=shape)  # type: ignore[attr-defined]


def inferred_shape(path: Path, output: str, input_shape: list[int]) -> list[int]:
    """The shape of an output by ONNX's own inference of shapes, with the input's fixed; empty where it finds none."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    constants = {each.name for each in model.graph.initializer}
    given = next(each for each in model.graph.input if each.name not in constants)
    for dimension, value in zip(given.type.tensor_type.shape.dim, input_shape, strict=False):
        dimension.dim_value = value
    for each in model.graph.output:
        for dimension in each.type.tensor_type.shape.dim:
            if not dimension.HasField("dim_value"):
                dimension.Clear()
    try:
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError):
        return []
    found = next((each for each in model.graph.output if each.name == output), None)
    return [] if found is None else [dimension.dim_value for dimension in found.type.tensor_type.shape.dim]


def with_static_shapes(path: Path, shapes: dict[str, list[int]]) -> bytes:
    """The model with the sizes of its inputs fixed, and those of everything within as ONNX's inference of shapes finds
    them. Weights and operators stay as they are. Raises `OnnxFormatError`.
    """
    import onnx

    model = onnx.load(path, load_external_data=False)
    graph = model.graph
    inputs = {each.name: each for each in graph.input}
    for name, shape in shapes.items():
        dimensions = inputs[name].type.tensor_type.shape.dim if name in inputs else ()
        if len(dimensions) != len(shape):
            raise OnnxFormatError(f"it has no input {name!r} with {len(shape)} dimensions")
        for dimension, size in zip(dimensions, shape, strict=True):
            if dimension.HasField("dim_value") and dimension.dim_value > 0 and dimension.dim_value != size:
                raise OnnxFormatError(
                    f"its input {name!r} has a side of {dimension.dim_value}, and {size} was asked for"
                )
            dimension.dim_value = size
    # What it said of sizes within was said of the free ones; inference keeps what it finds.
    del graph.value_info[:]
    for each in graph.output:
        for dimension in each.type.tensor_type.shape.dim:
            if not (dimension.HasField("dim_value") and dimension.dim_value > 0):
                dimension.Clear()
    try:
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError) as error:
        lines = str(error).strip().splitlines()
        reason = lines[-1][:300] if lines else "ONNX's inference of shapes fails"
        raise OnnxFormatError(f"it cannot have the sizes {shapes}: {reason}") from None
    return bytes(model.SerializeToString(deterministic=True))


ONNX = ModelReader(
    format="onnx",
    suffix=".onnx",
    is_marked=lambda _content: False,  # a protobuf carries no mark
    read=lambda _path, content: read_onnx(content),
    inferred_shape=inferred_shape,
    with_static_shapes=with_static_shapes,
)
