"""What an .onnx file says of its inputs and outputs."""

from __future__ import annotations

from harness.models.tensor_info import TensorInfo


class OnnxFormatError(ValueError):
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
