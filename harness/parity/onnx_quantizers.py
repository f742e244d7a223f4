"""How the tensors of an ONNX graph are quantised, by the operators that write and read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from harness.parity.graph import Quantizer

READS: Final[dict[str, tuple[tuple[int, int, int], ...]]] = {
    "DequantizeLinear": ((0, 1, 2),),
    "QLinearConv": ((0, 1, 2),),
    "QLinearMatMul": ((0, 1, 2), (3, 4, 5)),
    "QLinearAdd": ((0, 1, 2), (3, 4, 5)),
    "QLinearMul": ((0, 1, 2), (3, 4, 5)),
    "QGemm": ((0, 1, 2),),
    "QLinearSigmoid": ((0, 1, 2),),
    "QLinearLeakyRelu": ((0, 1, 2),),
    "QLinearSoftmax": ((0, 1, 2),),
    "QLinearAveragePool": ((0, 1, 2),),
    "QLinearGlobalAveragePool": ((0, 1, 2),),
    "QLinearReduceMean": ((0, 1, 2),),
    "QLinearConcat": tuple((place, place + 1, place + 2) for place in range(2, 2 + 3 * 64, 3)),
    "QLinearWhere": ((1, 2, 3), (4, 5, 6)),
}
"""Operator → places of a quantised input, its scale and its zero point (ONNX 1.22 and ONNX Runtime's contrib ops)."""
WRITES: Final[dict[str, tuple[int, int]]] = {
    "QuantizeLinear": (1, 2),
    "QLinearConv": (6, 7),
    "QLinearMatMul": (6, 7),
    "QLinearAdd": (6, 7),
    "QLinearMul": (6, 7),
    "QGemm": (7, 8),
    "QLinearSigmoid": (3, 4),
    "QLinearLeakyRelu": (3, 4),
    "QLinearSoftmax": (3, 4),
    "QLinearAveragePool": (3, 4),
    "QLinearGlobalAveragePool": (3, 4),
    "QLinearReduceMean": (3, 4),
    "QLinearConcat": (0, 1),
    "QLinearWhere": (7, 8),
}
"""Operator → places of its output's scale and zero point."""
_PASS_ON: Final = {
    "MaxPool", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Gather", "Identity", "DepthToSpace",
    "SpaceToDepth", "Split", "Expand", "Tile", "Resize", "Pad", "Concat",
}  # fmt: skip
_DTYPES: Final = {2: "uint8", 3: "int8", 4: "uint16", 5: "int16"}
"""ONNX element types of levels."""


def read_quantizers(
    nodes: Iterable[Any], constants: Mapping[str, Any]
) -> tuple[dict[str, Quantizer], dict[str, Quantizer]]:
    """(as written, as read) by tensor. Only fixed scales of a whole tensor count: those of channels are of weights."""
    nodes = list(nodes)
    written: dict[str, Quantizer] = {}
    read: dict[str, Quantizer] = {}
    for node in nodes:
        if node.op_type in WRITES:
            made = _quantizer(node, *WRITES[node.op_type], constants)
            if made is not None:
                written[node.output[0]] = made
        for place, scale, zero_point in READS.get(node.op_type, ()):
            if place < len(node.input) and node.input[place] not in constants:
                taken = _quantizer(node, scale, zero_point, constants)
                if taken is not None:
                    read.setdefault(node.input[place], taken)
    _pass_on(nodes, written, read)
    for name, quantizer in written.items():
        read.setdefault(name, quantizer)
    return written, read


def _pass_on(nodes: list[Any], written: dict[str, Quantizer], read: dict[str, Quantizer]) -> None:
    """Through operators that move levels, those who write are known forwards, and those who read backwards."""
    moving = [node for node in nodes if node.op_type in _PASS_ON and node.input]
    for node in moving:
        if node.input[0] in written:
            for name in node.output:
                written.setdefault(name, written[node.input[0]])
    for node in reversed(moving):
        behind = next((read[name] for name in node.output if name in read), None)
        if behind is not None and node.input[0] in written:
            read.setdefault(node.input[0], behind)


def _quantizer(node: Any, scale: int, zero_point: int, constants: Mapping[str, Any]) -> Quantizer | None:
    import onnx

    held = constants.get(node.input[scale]) if scale < len(node.input) else None
    if held is None:
        return None
    factor = onnx.numpy_helper.to_array(held).reshape(-1)
    zero = constants.get(node.input[zero_point]) if zero_point < len(node.input) and node.input[zero_point] else None
    if len(factor) != 1 or not factor[0] > 0:
        return None
    if zero is None:
        return Quantizer(float(factor[0]), 0, "uint8")
    if zero.data_type not in _DTYPES:
        return None
    return Quantizer(float(factor[0]), int(onnx.numpy_helper.to_array(zero).reshape(-1)[0]), _DTYPES[zero.data_type])
