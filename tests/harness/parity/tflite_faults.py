"""Faults that converters and quantisers really make, planted into one layer of a sound TensorFlow Lite build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.harness.parity.tflite_build import packed

WEIGHTED = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 1}
"""Operator → the place of its weights."""
_DTYPES = {0: np.float32, 2: np.int32, 9: np.int8}


class TfliteSites:
    """The layers of a build, by the names of the tensors that they put out."""

    def __init__(self, file: bytes) -> None:
        self.model = schema.ModelT.InitFromPackedBuf(bytearray(file), 0)
        self.graph = self.model.subgraphs[0]
        known = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
        codes = [max(each.builtinCode, each.deprecatedBuiltinCode) for each in self.model.operatorCodes]
        self.kinds = [known[codes[each.opcodeIndex]] for each in self.graph.operators]

    def file(self) -> bytes:
        return packed(self.model)

    def name(self, op: Any) -> str:
        return str(self.graph.tensors[op.outputs[0]].name.decode()).split(";", 1)[0]

    def of_kind(self, *kinds: str) -> list[Any]:
        return [op for op, kind in zip(self.graph.operators, self.kinds, strict=True) if kind in kinds]

    def layers(self) -> list[Any]:
        return [op for op in self.of_kind(*WEIGHTED) if self.array(op.inputs[1]) is not None]

    def tensor(self, place: int) -> Any:
        return self.graph.tensors[place]

    def array(self, place: int) -> np.ndarray[Any, Any] | None:
        tensor = self.tensor(place)
        data = self.model.buffers[tensor.buffer].data
        if data is None or not len(data):
            return None
        return np.frombuffer(bytes(data), _DTYPES[tensor.type]).reshape(tensor.shape)

    def put(self, place: int, values: np.ndarray[Any, Any]) -> None:
        raw = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        self.model.buffers[self.tensor(place).buffer].data = raw

    def range_of(self, place: int) -> Any:
        """The quantisation of an activation."""
        held = self.tensor(place).quantization
        if self.tensor(place).type != 9 or held is None or held.scale is None or len(held.scale) != 1:
            raise LookupError
        return held


Fault = Callable[[TfliteSites, int], str]
"""Plants one at the layer of that number; returns its name. Raises LookupError where it cannot be there."""


def _layer(sites: TfliteSites, number: int) -> Any:
    layers = sites.layers()
    return layers[number % len(layers)]


def wrong_weight_scale(sites: TfliteSites, number: int) -> str:
    op = _layer(sites, number)
    held = sites.tensor(op.inputs[1]).quantization
    if held is None or held.scale is None or len(held.scale) == 0:
        raise LookupError
    held.scale = [1.6 * float(each) for each in held.scale]
    if len(held.scale) == 1:  # the interpreter refuses a bias that does not fit
        bias = sites.tensor(op.inputs[2]).quantization
        bias.scale = [1.6 * float(each) for each in bias.scale]
    return sites.name(op)


def clipped_range(sites: TfliteSites, number: int) -> str:
    return _range(sites, number, 0.3)


def coarse_range(sites: TfliteSites, number: int) -> str:
    return _range(sites, number, 12.0)


def _range(sites: TfliteSites, number: int, factor: float) -> str:
    """Of what the layer puts out; the biases behind are made for it, as by a quantiser that saw such a range."""
    op = _layer(sites, number)
    held = sites.range_of(op.outputs[0])
    _rescale(sites, int(op.outputs[0]), float(held.scale[0]) * factor, held.zeroPoint[0])
    return sites.name(op)


def wrong_zero_point(sites: TfliteSites, number: int) -> str:
    op = _layer(sites, number)
    held = sites.range_of(op.outputs[0])
    zero = int(held.zeroPoint[0])
    _rescale(sites, int(op.outputs[0]), float(held.scale[0]), zero + 120 if zero < 0 else zero - 120)
    return sites.name(op)


def _rescale(sites: TfliteSites, place: int, scale: float, zero: int) -> None:
    """A tensor, and those behind that must have its scale; biases follow the scales of what is given."""
    before = sites.range_of(place)
    was = float(before.scale[0]), int(before.zeroPoint[0])
    before.scale, before.zeroPoint = [scale], [zero]
    for op, kind in zip(sites.graph.operators, sites.kinds, strict=True):
        if place not in [int(each) for each in op.inputs]:
            continue
        if kind in WEIGHTED and len(op.inputs) > 2:
            at = 3 if kind == "TRANSPOSE_CONV" else 2
            bias = sites.array(op.inputs[at])
            if bias is not None and bias.dtype == np.int32 and int(op.inputs[2 if at == 3 else 0]) == place:
                held = sites.tensor(op.inputs[at]).quantization
                held.scale = [float(each) * scale / was[0] for each in held.scale]
                sites.put(op.inputs[at], np.rint(bias * (was[0] / scale)).astype(np.int32))
        for output in op.outputs:
            held = sites.tensor(output).quantization
            same = held is not None and held.scale is not None and len(held.scale) == 1
            if same and kind in {"RESHAPE", "MAX_POOL_2D", "TRANSPOSE", "CONCATENATION", "RESIZE_NEAREST_NEIGHBOR",
                                 "PAD", "AVERAGE_POOL_2D", "DEPTH_TO_SPACE"}:  # fmt: skip
                if kind == "CONCATENATION":
                    raise LookupError  # one range for all of them: several layers would be at fault
                if (float(held.scale[0]), int(held.zeroPoint[0])) == was:
                    _rescale(sites, int(output), scale, zero)


def transposed_weights(sites: TfliteSites, number: int) -> str:
    op = _layer(sites, number)
    values = sites.array(op.inputs[1])
    assert values is not None
    if values.ndim == 4 and values.shape[1] == values.shape[2] > 1:
        sites.put(op.inputs[1], values.transpose(0, 2, 1, 3))
    elif values.ndim == 2 and values.shape[0] == values.shape[1]:
        sites.put(op.inputs[1], values.T)
    else:
        raise LookupError
    return sites.name(op)


def swapped_channels(sites: TfliteSites, number: int) -> str:
    op = _layer(sites, number)
    values = sites.array(op.inputs[1])
    assert values is not None
    deep = values.ndim == 4 and values.shape[0] == 1
    sites.put(op.inputs[1], np.roll(values, 1, axis=3 if deep else 0))
    return sites.name(op)


def swapped_with_another(sites: TfliteSites, number: int) -> str:
    op = _layer(sites, number)
    ours = sites.array(op.inputs[1])
    assert ours is not None
    for other in sites.layers():
        theirs = sites.array(other.inputs[1])
        if other is not op and theirs is not None and theirs.shape == ours.shape:
            sites.put(op.inputs[1], theirs)
            sites.put(other.inputs[1], ours)
            return f"{sites.name(op)}|{sites.name(other)}"
    raise LookupError


def wrong_padding(sites: TfliteSites, number: int) -> str:
    """All of it in front, where a converter should have put it around."""
    around = sites.of_kind("PAD")
    same = [op for op in sites.of_kind("CONV_2D", "DEPTHWISE_CONV_2D")
            if op.builtinOptions.padding == 0 and sites.tensor(op.inputs[1]).shape[1] > 1]  # fmt: skip
    if around and (number % 2 or not same):
        op = around[number % len(around)]
        pads = sites.array(op.inputs[1])
        assert pads is not None
        behind = next(each for each in sites.graph.operators if int(op.outputs[0]) in [int(p) for p in each.inputs])
        sites.put(op.inputs[1], np.stack([np.zeros(4, np.int32), pads.sum(axis=1).astype(np.int32)], axis=1))
        return f"{sites.name(op)}|{sites.name(behind)}"
    if not same:
        raise LookupError
    return _padded_before(sites, same[number % len(same)])


def _padded_before(sites: TfliteSites, op: Any) -> str:
    """A padding of zeros in front and a convolution without one."""
    import copy

    given = sites.tensor(op.inputs[0])
    stride = op.builtinOptions.strideH
    reach = (int(sites.tensor(op.inputs[1]).shape[1]) - 1) * op.builtinOptions.dilationHFactor + 1
    size = int(given.shape[1])
    most = max((-(-size // stride) - 1) * stride + reach - size, 0)
    if most < 1:
        raise LookupError
    wide = copy.copy(given)
    wide.buffer, wide.name, wide.shapeSignature = 0, given.name + b"/around", None
    wide.shape = [int(given.shape[0]), size + most, int(given.shape[2]) + most, int(given.shape[3])]
    pads = schema.TensorT()
    pads.name, pads.shape, pads.type, pads.hasRank = b"pads", [4, 2], schema.TensorType.INT32, True
    held = schema.BufferT()
    held.data = np.frombuffer(np.array([[0, 0], [0, most], [0, most], [0, 0]], np.int32).tobytes(), np.uint8)
    pads.buffer = len(sites.model.buffers)
    sites.model.buffers.append(held)
    sites.graph.tensors = [*sites.graph.tensors, wide, pads]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.PAD
    code.version = 2
    sites.model.operatorCodes = [*sites.model.operatorCodes, code]
    pad = schema.OperatorT()
    pad.opcodeIndex, count = len(sites.model.operatorCodes) - 1, len(sites.graph.tensors)
    pad.inputs, pad.outputs = [int(op.inputs[0]), count - 1], [count - 2]
    pad.builtinOptionsType, pad.builtinOptions = schema.BuiltinOptions.PadOptions, schema.PadOptionsT()
    sites.graph.operators.insert(next(at for at, each in enumerate(sites.graph.operators) if each is op), pad)
    op.inputs = [count - 2, *(int(place) for place in op.inputs[1:])]
    op.builtinOptions.padding = 1
    return f"{sites.name(op)}|{sites.name(pad)}"


def wrong_layout(sites: TfliteSites, number: int) -> str:
    """What moves values moves them elsewhere: rows and columns, or channels, exchanged."""
    movers = [op for op in sites.of_kind("TRANSPOSE") if sites.array(op.inputs[1]) is not None]
    if not movers:
        raise LookupError
    op = movers[number % len(movers)]
    order = [int(each) for each in sites.array(op.inputs[1])]  # type: ignore[union-attr]
    shape = [int(each) for each in sites.tensor(op.inputs[0]).shape]
    for at in range(1, len(order)):
        for to in range(at + 1, len(order)):
            if shape[order[at]] == shape[order[to]] > 1:
                order[at], order[to] = order[to], order[at]
                sites.put(op.inputs[1], np.array(order, np.int32))
                return sites.name(op)
    raise LookupError


FAULTS: dict[str, Fault] = {
    "weight scale": wrong_weight_scale,
    "clipped range": clipped_range,
    "coarse range": coarse_range,
    "zero point": wrong_zero_point,
    "transposed weights": transposed_weights,
    "swapped channels": swapped_channels,
    "swapped weights": swapped_with_another,
    "padding": wrong_padding,
    "layout": wrong_layout,
}
