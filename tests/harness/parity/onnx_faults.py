"""Faults that converters and quantisers really make, planted into one layer of a sound build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper


class Sites:
    """The layers of a build, by the names of the original's nodes that they were made of."""

    def __init__(self, model: Any) -> None:
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.graph = self.model.graph
        self.constants = {each.name: each for each in self.graph.initializer}
        self.made = {name: node for node in self.graph.node for name in node.output}

    def array(self, name: str) -> np.ndarray[Any, Any]:
        return np.array(numpy_helper.to_array(self.constants[name]))

    def put(self, name: str, values: np.ndarray[Any, Any]) -> None:
        self.constants[name].CopyFrom(numpy_helper.from_array(values.astype(self.array(name).dtype), name))

    def weights(self, node: Any) -> str | None:
        """The constant that holds a node's weights, behind a DequantizeLinear or not."""
        at = {"QLinearConv": 3, "QLinearMatMul": 3, "QGemm": 3}.get(node.op_type, 1)
        if node.op_type not in {"Conv", "Gemm", "MatMul", "QLinearConv", "QLinearMatMul", "QGemm"}:
            return None
        name = node.input[at]
        behind = self.made.get(name)
        name = behind.input[0] if behind is not None and behind.op_type == "DequantizeLinear" else name
        return name if name in self.constants else None

    def weight_scale(self, node: Any) -> str | None:
        at = {"QLinearConv": 4, "QLinearMatMul": 4, "QGemm": 4}.get(node.op_type)
        if at is not None:
            return str(node.input[at])
        behind = self.made.get(node.input[1]) if len(node.input) > 1 else None
        return behind.input[1] if behind is not None and behind.op_type == "DequantizeLinear" else None

    def layers(self) -> list[Any]:
        """Nodes with weights."""
        return [node for node in self.graph.node if self.weights(node) is not None]

    def quantizers_behind(self, node: Any) -> list[str]:
        """Constants that hold the scale of what a node puts out, for the one who writes it and those who read it."""
        at = {"QLinearConv": 6, "QLinearMatMul": 6, "QGemm": 7, "QLinearAdd": 6}.get(node.op_type)
        levels = node.output[0]
        found = [node.input[at]] if at is not None and len(node.input) > at else []
        for reader in self.graph.node:
            if reader.op_type == "QuantizeLinear" and reader.input[0] == node.output[0]:
                found.append(reader.input[1])
                levels = reader.output[0]
        readers = [
            each for each in self.graph.node if each.op_type.startswith(("DequantizeLinear", "QLinear", "QGemm"))
        ]
        for reader in readers:
            for place, name in enumerate(reader.input):
                if name == levels and place + 1 < len(reader.input) and reader.input[place + 1] in self.constants:
                    found.append(reader.input[place + 1])
        return list(dict.fromkeys(found))


Fault = Callable[[Sites, int], str]
"""Plants one at the layer of that number; returns the name of its node. Raises LookupError where it cannot be there."""


def _layer(sites: Sites, number: int) -> Any:
    layers = sites.layers()
    return layers[number % len(layers)]


def wrong_weight_scale(sites: Sites, number: int) -> str:
    node = _layer(sites, number)
    scale = sites.weight_scale(node)
    if scale is None:
        raise LookupError
    sites.put(scale, sites.array(scale) * 1.6)
    return str(node.name)


def clipped_range(sites: Sites, number: int) -> str:
    node = _layer(sites, number)
    scales = sites.quantizers_behind(node)
    if not scales:
        raise LookupError
    for scale in scales:
        _rescale(sites, scale, 0.3)
    return str(node.name)


def coarse_range(sites: Sites, number: int) -> str:
    node = _layer(sites, number)
    scales = sites.quantizers_behind(node)
    if not scales:
        raise LookupError
    for scale in scales:
        _rescale(sites, scale, 12.0)
    return str(node.name)


def wrong_zero_point(sites: Sites, number: int) -> str:
    """As read: every value is off by the same amount."""
    node = _layer(sites, number)
    levels = node.output[0]
    for reader in sites.graph.node:
        if reader.op_type == "QuantizeLinear" and reader.input[0] == levels:
            levels = reader.output[0]
    readers = [(each, at) for each in sites.graph.node for at, name in enumerate(each.input) if name == levels]
    readers = [
        (each, at)
        for each, at in readers
        if at + 2 < len(each.input)
        and each.input[at + 2] in sites.constants
        and sites.array(each.input[at + 2]).dtype.kind in "iu"
    ]
    if not readers:
        raise LookupError
    for reader, at in readers:
        moved = f"{reader.input[at + 2]}_{node.name}_moved"
        if moved not in sites.constants:
            values = sites.array(reader.input[at + 2])
            limits = np.iinfo(values.dtype)
            off = np.where(values.astype(int) + 24 > limits.max, values.astype(int) - 24, values.astype(int) + 24)
            sites.graph.initializer.append(numpy_helper.from_array(off.astype(values.dtype), moved))
            sites.constants[moved] = sites.graph.initializer[-1]
        reader.input[at + 2] = moved
    return str(node.name)


def transposed_weights(sites: Sites, number: int) -> str:
    node = _layer(sites, number)
    name = sites.weights(node)
    assert name is not None
    values = sites.array(name)
    if values.ndim == 4 and values.shape[2] > 1:
        sites.put(name, np.ascontiguousarray(values.transpose(0, 1, 3, 2)))
    elif values.ndim >= 2 and values.shape[0] == values.shape[1]:
        sites.put(name, np.ascontiguousarray(values.swapaxes(0, 1)))
    else:
        raise LookupError
    return str(node.name)


def swapped_weights(sites: Sites, number: int) -> str:
    """Channels of one layer in another order, as after a mistaken reordering."""
    node = _layer(sites, number)
    name = sites.weights(node)
    assert name is not None
    values = sites.array(name)
    axis = 0 if values.ndim == 4 else values.ndim - 1
    sites.put(name, np.roll(values, 1, axis=axis))
    return str(node.name)


def swapped_with_another(sites: Sites, number: int) -> str:
    """Two layers have each other's weights."""
    node = _layer(sites, number)
    name = sites.weights(node)
    assert name is not None
    for other in sites.layers():
        theirs = sites.weights(other)
        if theirs is not None and theirs != name and sites.array(theirs).shape == sites.array(name).shape:
            ours = sites.array(name)
            sites.put(name, sites.array(theirs))
            sites.put(theirs, ours)
            return f"{node.name}|{other.name}"
    raise LookupError


def wrong_padding(sites: Sites, number: int) -> str:
    nodes = [each for each in sites.layers() if any(a.name == "pads" and sum(a.ints) > 0 for a in each.attribute)]
    if not nodes:
        raise LookupError
    node = nodes[number % len(nodes)]
    for attribute in node.attribute:
        if attribute.name == "pads":
            top, left, bottom, right = attribute.ints
            attribute.ints[:] = [0, 0, top + bottom, left + right]
    return str(node.name)


def wrong_layout(sites: Sites, number: int) -> str:
    """Rows and columns exchanged, or channels taken in another order, by what moves values only."""
    movers = [each for each in sites.graph.node if each.op_type in {"DepthToSpace", "Transpose"}]
    if not movers:
        raise LookupError
    node = movers[number % len(movers)]
    for attribute in node.attribute:
        if attribute.name == "mode":
            attribute.s = b"DCR" if attribute.s == b"CRD" else b"CRD"
            return str(node.name)
    raise LookupError


FAULTS: dict[str, Fault] = {
    "weight scale": wrong_weight_scale,
    "clipped range": clipped_range,
    "coarse range": coarse_range,
    "zero point": wrong_zero_point,
    "transposed weights": transposed_weights,
    "swapped channels": swapped_weights,
    "swapped weights": swapped_with_another,
    "padding": wrong_padding,
    "layout": wrong_layout,
}


def _rescale(sites: Sites, scale: str, factor: float) -> None:
    """A range, for all who share its scale: what is shared is one range. Biases of those who read in levels follow, as
    from a quantiser that saw such a range: theirs is no second fault.
    """
    sites.put(scale, sites.array(scale) * factor)
    for node in sites.graph.node:
        at = {"QLinearConv": 8, "QGemm": 6}.get(node.op_type)
        if at is not None and len(node.input) > at and node.input[1] == scale and node.input[at] in sites.constants:
            sites.put(node.input[at], np.rint(sites.array(node.input[at]) / factor))
