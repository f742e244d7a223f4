"""Integer operators of ONNX written out: levels read back to real numbers, the plain operator, and its quantiser.

That says the same in the form in which any tensor can be given as real numbers (ONNX specifies each QLinear operator
as this chain, and ONNX Runtime folds the chain into the operator again).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_PLAIN: Final[dict[str, tuple[str, int]]] = {
    "QLinearConv": ("Conv", 2),
    "QLinearMatMul": ("MatMul", 2),
    "QLinearAdd": ("Add", 2),
    "QLinearMul": ("Mul", 2),
    "QLinearSigmoid": ("Sigmoid", 1),
    "QLinearLeakyRelu": ("LeakyRelu", 1),
    "QLinearAveragePool": ("AveragePool", 1),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", 1),
}
"""Operator → the plain one, and how many of (levels, scale, zero point) come first; its own two come next."""
_NOT_OF_THE_PLAIN: Final = {"channels_last"}


def unfold(proto: Any) -> Any:
    """A copy without the QLinear operators that are known here; others stay as they are."""
    import onnx

    made = onnx.ModelProto()
    made.CopyFrom(proto)
    if not any(node.op_type in _PLAIN or node.op_type in {"QGemm", "QLinearConcat"} for node in made.graph.node):
        return made
    constants = {each.name: each for each in made.graph.initializer}
    nodes: list[Any] = []
    for place, node in enumerate(made.graph.node):
        nodes += _unfolded(node, f"unfolded/{place}", constants, made.graph.initializer.append)
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


def _unfolded(node: Any, key: str, constants: dict[str, Any], keep: Callable[[Any], None]) -> list[Any]:
    given = list(node.input)
    if any(each.name in _NOT_OF_THE_PLAIN and each.i for each in node.attribute):
        return [node]
    if node.op_type == "QLinearConcat":
        triples = [given[at : at + 3] for at in range(2, len(given), 3)]
        plain, own, bias = "Concat", given[:2], ""
    elif node.op_type == "QGemm":
        triples, plain, own = [given[:3], given[3:6]], "Gemm", given[7:9]
        bias = given[6] if len(given) > 6 else ""
    elif node.op_type in _PLAIN:
        plain, count = _PLAIN[node.op_type]
        triples = [given[3 * at : 3 * at + 3] for at in range(count)]
        own = given[3 * count : 3 * count + 2]
        bias = given[3 * count + 2] if plain == "Conv" and len(given) > 3 * count + 2 else ""
    else:
        return [node]
    if len(own) < 2:  # a QGemm that puts out floats
        return [node]
    return _chain(node, key, triples, plain, own, bias, constants, keep)


def _chain(
    node: Any,
    key: str,
    triples: list[list[str]],
    plain: str,
    own: list[str],
    bias: str,
    constants: dict[str, Any],
    keep: Callable[[Any], None],
) -> list[Any]:
    import numpy as np
    import onnx

    chain, reals = [], []
    for at, triple in enumerate(triples):
        real = f"{key}/{at}/{triple[0]}"
        per_channel = triple[1] in constants and int(np.prod(constants[triple[1]].dims)) > 1
        # Channels of a kernel are its first dimension, and the last one of a matrix.
        chain.append(onnx.helper.make_node("DequantizeLinear", triple, [real]))
        if per_channel:
            chain[-1].attribute.append(onnx.helper.make_attribute("axis", 0 if plain == "Conv" else 1))
        reals.append(real)
    if bias:
        if not {bias, triples[0][1], triples[1][1]} <= set(constants):
            return [node]
        scale = onnx.numpy_helper.to_array(constants[triples[0][1]]) * onnx.numpy_helper.to_array(
            constants[triples[1][1]]
        )
        values = onnx.numpy_helper.to_array(constants[bias]).astype(np.float64) * scale
        keep(onnx.numpy_helper.from_array(values.astype(np.float32), f"{key}/bias"))
        reals.append(f"{key}/bias")
    operator = onnx.NodeProto()
    operator.CopyFrom(node)
    operator.op_type, operator.domain = plain, ""
    for place in reversed(range(len(operator.attribute))):
        if operator.attribute[place].name in _NOT_OF_THE_PLAIN:
            del operator.attribute[place]
    del operator.input[:], operator.output[:]
    operator.input.extend(reals)
    operator.output.append(f"{key}/real")
    chain += [operator, onnx.helper.make_node("QuantizeLinear", [f"{key}/real", *own], list(node.output))]
    return chain
