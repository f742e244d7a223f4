"""Tiny models, authored here, for tests of runners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def _save(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: list[Any], opset: int) -> Path:
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def conv_onnx(path: Path, *, seed: int = 0, static: tuple[int, int] | None = None) -> Path:
    """A 3×3 convolution of one channel into four, float32, free height and width, or `static` ones."""
    kernel = np.random.default_rng(seed).normal(size=(4, 1, 3, 3)).astype(np.float32)
    node = helper.make_node("Conv", ["image", "kernel"], ["features"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    sizes = static or ("height", "width")
    return _save(
        path,
        [node],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, *sizes])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 4, *sizes])],
        [numpy_helper.from_array(kernel, "kernel")],
        13,
    )


def counting_onnx(path: Path) -> Path:
    """One number in, the next one out: a state that counts."""
    one = numpy_helper.from_array(np.ones((1,), np.float32), "one")
    return _save(
        path,
        [helper.make_node("Add", ["count_in", "one"], ["count_out"])],
        [helper.make_tensor_value_info("count_in", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("count_out", TensorProto.FLOAT, [1])],
        [one],
        13,
    )


def add_onnx(path: Path) -> Path:
    """Two inputs, two outputs: their sum (float32) and its shape (int64)."""
    nodes = [helper.make_node("Add", ["left", "right"], ["sum"]), helper.make_node("Shape", ["sum"], ["shape"])]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("left", "right")]
    outputs = [
        helper.make_tensor_value_info("sum", TensorProto.FLOAT, [2, 3]),
        helper.make_tensor_value_info("shape", TensorProto.INT64, [2]),
    ]
    return _save(path, nodes, inputs, outputs, [], 13)


def heavy_onnx(path: Path, weight_bytes: int) -> Path:
    """A matrix product whose weights take `weight_bytes`; takes the same input as `conv_onnx` of 8×8."""
    columns = weight_bytes // (4 * 64)
    weights = np.random.default_rng(0).normal(size=(64, columns)).astype(np.float32)
    shape = numpy_helper.from_array(np.array([1, 64], np.int64), "flat")
    nodes = [
        helper.make_node("Reshape", ["image", "flat"], ["row"]),
        helper.make_node("MatMul", ["row", "weights"], ["product"]),
        helper.make_node("ReduceMax", ["product"], ["largest"], keepdims=1),
    ]
    return _save(
        path,
        nodes,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, "height", "width"])],
        [helper.make_tensor_value_info("largest", TensorProto.FLOAT, [1, 1])],
        [numpy_helper.from_array(weights, "weights"), shape],
        13,
    )


def conv_and_hardmax_onnx(path: Path) -> Path:
    """A convolution and an operator that no provider but the CPU's has kernels for."""
    kernel = np.ones((4, 1, 3, 3), np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["features"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Hardmax", ["features"], ["largest"]),
    ]
    return _save(
        path,
        nodes,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("largest", TensorProto.FLOAT, [1, 4, 8, 8])],
        [numpy_helper.from_array(kernel, "kernel")],
        13,
    )


def unknown_operator_onnx(path: Path) -> Path:
    """A model with an operator that no runtime has."""
    node = helper.make_node("FrobnicateTensor", ["image"], ["features"])
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 8, 8]) for name in ("image", "features")]
    return _save(path, [node], info[:1], info[1:], [], 13)


def future_opset_onnx(path: Path) -> Path:
    """A model of an opset that does not exist yet."""
    node = helper.make_node("Relu", ["image"], ["features"])
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 8, 8]) for name in ("image", "features")]
    return _save(path, [node], info[:1], info[1:], [], 999)


def truncated(path: Path, whole: Path) -> Path:
    """The first two thirds of a model's file."""
    content = whole.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


def conv_and_zeros_tflite(path: Path) -> Path:
    """A convolution, and zeros in the shape of its features: LiteRT's GPU does not take that operator."""
    return conv_tflite(path, with_zeros=True)


def conv_tflite(
    path: Path, *, with_reverse: bool = False, with_zeros: bool = False, static: tuple[int, int] | None = None
) -> Path:
    """A 3×3 convolution of one channel into four, float32 NHWC, free height and width (signature −1), or `static` ones.

    With `with_reverse` its features are then reversed along the channels: XNNPACK does not take that operator.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    buffers = [schema.BufferT()]

    def constant(values: np.ndarray[Any, Any]) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), dtype=np.uint8)
        buffers.append(buffer)
        return len(buffers) - 1

    def tensor(
        name: str, shape: tuple[int, ...], buffer: int = 0, *, free: bool = False, dtype: int | None = None
    ) -> Any:
        if free and static is not None:
            shape, free = (1, *static, shape[-1]), False
        made = schema.TensorT()
        made.name, made.shape, made.buffer = name.encode(), list(shape), buffer
        made.type = schema.TensorType.FLOAT32 if dtype is None else dtype
        made.quantization = schema.QuantizationParametersT()
        if free:
            made.shapeSignature = [1, -1, -1, shape[-1]]
        return made

    def operator(index: int, inputs: list[int], outputs: list[int], options_type: int, options: Any) -> Any:
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = index, inputs, outputs
        made.builtinOptionsType, made.builtinOptions = options_type, options
        return made

    def code(builtin: int) -> Any:
        made = schema.OperatorCodeT()
        made.builtinCode, made.version = builtin, 1
        made.deprecatedBuiltinCode = min(builtin, 127)
        return made

    kernel = np.random.default_rng(0).normal(size=(4, 3, 3, 1)).astype(np.float32)
    tensors = [
        tensor("image", (1, 1, 1, 1), free=True),
        tensor("kernel", kernel.shape, constant(kernel)),
        tensor("bias", (4,), constant(np.zeros(4, np.float32))),
        tensor("features", (1, 1, 1, 4), free=True),
    ]
    convolution = schema.Conv2DOptionsT()
    convolution.padding = schema.Padding.SAME
    convolution.strideH = convolution.strideW = convolution.dilationHFactor = convolution.dilationWFactor = 1
    convolution.fusedActivationFunction = schema.ActivationFunctionType.RELU
    operators = [operator(0, [0, 1, 2], [3], schema.BuiltinOptions.Conv2DOptions, convolution)]
    codes = [code(schema.BuiltinOperator.CONV_2D)]
    if with_reverse:
        tensors.append(tensor("axis", (1,), constant(np.array([3], np.int32)), dtype=schema.TensorType.INT32))
        tensors.append(tensor("reversed", (1, 1, 1, 4), free=True))
        codes.append(code(schema.BuiltinOperator.REVERSE_V2))
        operators.append(operator(1, [3, 4], [5], schema.BuiltinOptions.ReverseV2Options, schema.ReverseV2OptionsT()))
    if with_zeros:
        tensors.append(tensor("zeros", (1, 1, 1, 4), free=True))
        codes.append(code(schema.BuiltinOperator.ZEROS_LIKE))
        operators.append(operator(1, [3], [4], schema.BuiltinOptions.ZerosLikeOptions, schema.ZerosLikeOptionsT()))
    graph = schema.SubGraphT()
    graph.name, graph.tensors, graph.operators = b"main", tensors, operators
    graph.inputs, graph.outputs = [0], [5 if with_reverse else 4 if with_zeros else 3]
    model = schema.ModelT()
    model.version, model.description = 3, b"tiny"
    model.operatorCodes, model.subgraphs, model.buffers = codes, [graph], buffers
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def image(height: int, width: int, *, channels_last: bool = False, seed: int = 0) -> np.ndarray[Any, Any]:
    """Noise from 0 to 1, float32 [1, 1, height, width], or [1, height, width, 1]."""
    shape = (1, height, width, 1) if channels_last else (1, 1, height, width)
    return np.random.default_rng(seed).random(shape, dtype=np.float32)
