"""The networks of `onnx_graphs` as a converter to TensorFlow Lite writes them: channels last, what can be fused fused.

It knows the operators that those networks have and no more. Names of tensors are those of the nodes that they were
made of, which the tests look for; nothing in the project looks at them.
"""

from __future__ import annotations

import math
from typing import Any

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

Array = np.ndarray[Any, Any]
LAST = (0, 2, 3, 1)
_TYPES = {"float32": "FLOAT32", "int32": "INT32", "int64": "INT64", "int8": "INT8"}
RELU, RELU6 = 1, 3


class Builder:
    """A model of one graph, operator by operator. Tensors are their places."""

    def __init__(self) -> None:
        self.tensors: list[Any] = []
        self.operators: list[Any] = []
        self.buffers: list[Any] = [schema.BufferT()]
        self.codes: dict[str, int] = {}
        self._codes: list[Any] = []

    def tensor(self, name: str, shape: tuple[int, ...], values: Array | None = None) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.hasRank = name.encode(), list(shape), True
        made.type = getattr(schema.TensorType, "FLOAT32" if values is None else _TYPES[values.dtype.name])
        if values is not None:
            held = schema.BufferT()
            held.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            made.buffer = len(self.buffers)
            self.buffers.append(held)
        self.tensors.append(made)
        return len(self.tensors) - 1

    def constant(self, name: str, values: Array) -> int:
        return self.tensor(name, values.shape, values)

    def ints(self, name: str, *values: int) -> int:
        return self.constant(name, np.array(values, np.int32))

    def op(self, kind: str, inputs: list[int], name: str, shape: tuple[int, ...], **options: Any) -> int:
        if kind not in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode = getattr(schema.BuiltinOperator, kind)
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
            code.version = {"CONV_2D": 2, "FULLY_CONNECTED": 5 if "keepNumDims" in options else 1}.get(kind, 1)
            self.codes[kind] = len(self._codes)
            self._codes.append(code)
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs = self.codes[kind], inputs
        made.outputs = [self.tensor(name, shape)]
        title = "".join(part.capitalize() for part in kind.split("_"))
        title = {"Conv2d": "Conv2D", "DepthwiseConv2d": "DepthwiseConv2D", "MaxPool2d": "Pool2D",
                 "AveragePool2d": "Pool2D", "Mean": "Reducer", "BatchMatmul": "BatchMatMul",
                 "Relu": "", "Logistic": "", "Rsqrt": ""}.get(title, title)  # fmt: skip
        held = getattr(schema, f"{title}OptionsT", None) if title else None
        if held is not None:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, f"{title}Options")
            made.builtinOptions = held()
            for key, value in options.items():
                assert hasattr(made.builtinOptions, key), (kind, key)
                setattr(made.builtinOptions, key, value)
        else:
            assert not options, (kind, options)
        self.operators.append(made)
        return int(made.outputs[0])

    def written(self, inputs: list[int], outputs: list[int]) -> bytes:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = self.tensors, self.operators, inputs, outputs
        graph.name = b"main"
        model = schema.ModelT()
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, self._codes, [graph], self.buffers
        return packed(model)


def packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 14)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


class Conversion:
    """One ONNX model, node by node. `self.at` has each value's place and its shape channels last."""

    def __init__(self, model: Any) -> None:
        self.model = onnx.shape_inference.infer_shapes(model)
        self.build = Builder()
        graph = self.model.graph
        self.constants = {each.name: np.array(numpy_helper.to_array(each)) for each in graph.initializer}
        self.shapes = {
            each.name: tuple(size.dim_value for size in each.type.tensor_type.shape.dim)
            for each in [*graph.input, *graph.value_info, *graph.output]
        }
        self.readers: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.at: dict[str, int] = {}
        self.done: set[str] = set()

    def convert(self) -> bytes:
        graph = self.model.graph
        entry = graph.input[0].name
        self.at[entry] = self.build.tensor("serving_default_x", self.shape(entry))
        for node in graph.node:
            if node.name not in self.done:
                getattr(self, f"_{node.op_type.lower()}")(node)
        return self.build.written([self.at[entry]], [self.at[graph.output[0].name]])

    def shape(self, name: str) -> tuple[int, ...]:
        held = self.shapes[name]
        return tuple(held[place] for place in LAST) if len(held) == 4 and self._is_plane(name) else held

    def _is_plane(self, name: str) -> bool:
        """The four dimensions of an attention are no picture."""
        return len(self.shapes[self.model.graph.input[0].name]) == 4

    def _fused(self, node: Any) -> tuple[int, str]:
        """(activation, the name of the tensor behind it): what a convolution or an addition takes into itself."""
        behind = self.readers.get(node.output[0], [])
        if len(behind) == 1 and behind[0].op_type == "Relu":
            self.done.add(behind[0].name)
            return RELU, behind[0].output[0]
        if len(behind) == 1 and behind[0].op_type == "Clip":
            self.done.add(behind[0].name)
            return RELU6, behind[0].output[0]
        return 0, node.output[0]

    def _emit(self, node: Any, kind: str, inputs: list[int], output: str | None = None, **options: Any) -> None:
        output = output or node.output[0]
        self.at[output] = self.build.op(kind, inputs, node.name, self.shape(output), **options)

    def _conv(self, node: Any) -> None:
        given = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        kernel, bias = self.constants[node.input[1]], self.constants[node.input[2]]
        last = node
        behind = self.readers.get(node.output[0], [])
        if len(behind) == 1 and behind[0].op_type == "BatchNormalization":
            last = behind[0]
            self.done.add(last.name)
            gamma, beta, mean, var = (self.constants[name] for name in last.input[1:5])
            factor = gamma / np.sqrt(var + 1e-5)
            kernel, bias = kernel * factor[:, None, None, None], (bias - mean) * factor + beta
        activation, output = self._fused(last)
        x, padding = self._padded(node, given)
        stride, dilation = given.get("strides", [1, 1]), given.get("dilations", [1, 1])
        common = {
            "strideH": stride[0], "strideW": stride[1], "dilationHFactor": dilation[0], "dilationWFactor": dilation[1],
            "padding": padding, "fusedActivationFunction": activation,
        }  # fmt: skip
        deep = given.get("group", 1) > 1
        turned = kernel.transpose((1, 2, 3, 0) if deep else (0, 2, 3, 1)).astype(np.float32)
        weights = self.build.constant(f"{node.name}/w", turned)
        inputs = [x, weights, self.build.constant(f"{node.name}/b", bias.astype(np.float32))]
        if deep:
            self._emit(node, "DEPTHWISE_CONV_2D", inputs, output, depthMultiplier=1, **common)
        else:
            self._emit(node, "CONV_2D", inputs, output, **common)

    def _padded(self, node: Any, given: dict[str, Any]) -> tuple[int, int]:
        """(the place of what is convolved, SAME or VALID): other paddings are an operator of their own."""
        pads = list(given.get("pads", [0, 0, 0, 0]))
        x, shape = self.at[node.input[0]], self.shape(node.input[0])
        if not any(pads):
            return x, 1
        stride, dilation = given.get("strides", [1, 1]), given.get("dilations", [1, 1])
        same = []
        for axis in (0, 1):
            size, reach = shape[1 + axis], (given["kernel_shape"][axis] - 1) * dilation[axis] + 1
            most = max((math.ceil(size / stride[axis]) - 1) * stride[axis] + reach - size, 0)
            same.append((most // 2, most - most // 2))
        if pads == [same[0][0], same[1][0], same[0][1], same[1][1]]:
            return x, 0
        around = self.build.constant(
            f"{node.name}/around", np.array([[0, 0], [pads[0], pads[2]], [pads[1], pads[3]], [0, 0]], np.int32)
        )
        larger = (shape[0], shape[1] + pads[0] + pads[2], shape[2] + pads[1] + pads[3], shape[3])
        return self.build.op("PAD", [x, around], f"{node.name}/pad", larger), 1

    def _convtranspose(self, node: Any) -> None:
        kernel, bias = self.constants[node.input[1]], self.constants[node.input[2]]
        activation, output = self._fused(node)
        weights = self.build.constant(f"{node.name}/w", kernel.transpose(1, 2, 3, 0).astype(np.float32))
        size = self.build.ints(f"{node.name}/size", *self.shape(output))
        inputs = [size, weights, self.at[node.input[0]], self.build.constant(f"{node.name}/b", bias)]
        self._emit(node, "TRANSPOSE_CONV", inputs, output, strideH=2, strideW=2, padding=1,
                   fusedActivationFunction=activation)  # fmt: skip
        self.build._codes[self.build.codes["TRANSPOSE_CONV"]].version = 4

    def _gemm(self, node: Any) -> None:
        activation, output = self._fused(node)
        weights = self.build.constant(f"{node.name}/w", np.ascontiguousarray(self.constants[node.input[1]].T))
        bias = self.build.constant(f"{node.name}/b", self.constants[node.input[2]])
        self._emit(node, "FULLY_CONNECTED", [self.at[node.input[0]], weights, bias], output,
                   fusedActivationFunction=activation)  # fmt: skip

    def _matmul(self, node: Any) -> None:
        if node.input[1] not in self.constants:
            self._emit(node, "BATCH_MATMUL", [self.at[node.input[0]], self.at[node.input[1]]])
            return
        sums = self.readers[node.output[0]][0]
        self.done.add(sums.name)
        activation, output = self._fused(sums)
        weights = self.build.constant(f"{node.name}/w", np.ascontiguousarray(self.constants[node.input[1]].T))
        bias = self.build.constant(f"{node.name}/b", self.constants[sums.input[1]])
        self._emit(node, "FULLY_CONNECTED", [self.at[node.input[0]], weights, bias], output, keepNumDims=True,
                   fusedActivationFunction=activation)  # fmt: skip

    def _two(self, node: Any, kind: str) -> None:
        activation, output = self._fused(node)
        inputs = [self._given(name) for name in node.input]
        self._emit(node, kind, inputs, output, fusedActivationFunction=activation)

    def _given(self, name: str) -> int:
        return self.at[name] if name in self.at else self.build.constant(name, self.constants[name])

    def _add(self, node: Any) -> None:
        self._two(node, "ADD")

    def _mul(self, node: Any) -> None:
        self._two(node, "MUL")

    def _relu(self, node: Any) -> None:
        self._emit(node, "RELU", [self.at[node.input[0]]])

    def _sigmoid(self, node: Any) -> None:
        self._emit(node, "LOGISTIC", [self.at[node.input[0]]])

    def _hardswish(self, node: Any) -> None:
        self._emit(node, "HARD_SWISH", [self.at[node.input[0]]])

    def _leakyrelu(self, node: Any) -> None:
        alpha = next(each.f for each in node.attribute if each.name == "alpha")
        self._emit(node, "LEAKY_RELU", [self.at[node.input[0]]], alpha=alpha)

    def _softmax(self, node: Any) -> None:
        self._emit(node, "SOFTMAX", [self.at[node.input[0]]], beta=1.0)

    def _globalaveragepool(self, node: Any) -> None:
        axes = self.build.ints(f"{node.name}/axes", 1, 2)
        self._emit(node, "MEAN", [self.at[node.input[0]], axes], keepDims=True)

    def _pool(self, node: Any, kind: str) -> None:
        given = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        x, padding = self._padded(node, given)
        self._emit(node, kind, [x], filterHeight=given["kernel_shape"][0], filterWidth=given["kernel_shape"][1],
                   strideH=given["strides"][0], strideW=given["strides"][1], padding=padding)  # fmt: skip

    def _maxpool(self, node: Any) -> None:
        self._pool(node, "MAX_POOL_2D")

    def _averagepool(self, node: Any) -> None:
        self._pool(node, "AVERAGE_POOL_2D")

    def _concat(self, node: Any) -> None:
        axis = next(each.i for each in node.attribute)
        axis = {1: 3}[axis] if len(self.shape(node.output[0])) == 4 else axis
        self._emit(node, "CONCATENATION", [self.at[name] for name in node.input], axis=axis)

    def _resize(self, node: Any) -> None:
        size = self.build.ints(f"{node.name}/size", *self.shape(node.output[0])[1:3])
        self._emit(node, "RESIZE_NEAREST_NEIGHBOR", [self.at[node.input[0]], size])

    def _flatten(self, node: Any) -> None:
        self._emit(node, "RESHAPE", [self.at[node.input[0]], self.build.ints(node.name, *self.shape(node.output[0]))])

    def _reshape(self, node: Any) -> None:
        self._flatten(node)

    def _transpose(self, node: Any) -> None:
        order = next(list(each.ints) for each in node.attribute if each.name == "perm")
        self._emit(node, "TRANSPOSE", [self.at[node.input[0]], self.build.ints(f"{node.name}/perm", *order)])

    def _depthtospace(self, node: Any) -> None:
        """CRD, which TensorFlow has not: as a reshape, a transposition and a reshape."""
        count, height, width, channels = self.shape(node.input[0])
        split = (count, height, width, channels // 4, 2, 2)
        x = self.build.op("RESHAPE", [self.at[node.input[0]], self.build.ints(f"{node.name}/split", *split)],
                          f"{node.name}/a", split)  # fmt: skip
        order = (0, 1, 4, 2, 5, 3)
        x = self.build.op("TRANSPOSE", [x, self.build.ints(f"{node.name}/perm", *order)], f"{node.name}/b",
                          tuple(split[place] for place in order))  # fmt: skip
        self._emit(node, "RESHAPE", [x, self.build.ints(f"{node.name}/join", *self.shape(node.output[0]))])

    def _layernormalization(self, node: Any) -> None:
        """Written out, as converters do."""
        x, shape, build = self.at[node.input[0]], self.shape(node.input[0]), self.build
        axes, one = build.ints(f"{node.name}/axes", len(shape) - 1), (*shape[:-1], 1)
        mean = build.op("MEAN", [x, axes], f"{node.name}/mean", one, keepDims=True)
        off = build.op("SQUARED_DIFFERENCE", [x, mean], f"{node.name}/off", shape)
        spread = build.op("MEAN", [off, axes], f"{node.name}/var", one, keepDims=True)
        least = build.constant(f"{node.name}/eps", np.float32([1e-5]))
        spread = build.op("ADD", [spread, least], f"{node.name}/sum", one)
        root = build.op("RSQRT", [spread], f"{node.name}/root", one)
        centred = build.op("SUB", [x, mean], f"{node.name}/centred", shape)
        normal = build.op("MUL", [centred, root], f"{node.name}/normal", shape)
        gamma, beta = (build.constant(name, self.constants[name]) for name in node.input[1:3])
        scaled = build.op("MUL", [normal, gamma], f"{node.name}/scaled", shape)
        self._emit(node, "ADD", [scaled, beta])


def converted(model: Any) -> bytes:
    """As a .tflite file of floats."""
    return Conversion(model).convert()


def quantized(flat: bytes, items: list[Array], *, per_channel: bool = True) -> bytes:
    """By the quantiser of TensorFlow Lite itself, which ships with ai-edge-litert; floats in and out."""
    from ai_edge_litert import _pywrap_tensorflow_lite_calibration_wrapper as calibration

    wrapper = calibration.CalibrationWrapper(flat, [], [])
    wrapper.Prepare([list(items[0].shape)])
    for item in items:
        wrapper.FeedTensor([item])
    wrapper.Calibrate()
    number, levels = np.dtype(np.float32).num, np.dtype(np.int8).num
    made = wrapper.QuantizeModel(number, number, True, levels, np.dtype(np.int32).num, not per_channel, True)
    return bytes(made)


def channels_last(item: Array) -> Array:
    """An input of the ONNX model as the converted one takes it."""
    return np.ascontiguousarray(item.transpose(LAST)) if item.ndim == 4 else item
