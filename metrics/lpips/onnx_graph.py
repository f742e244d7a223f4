"""An ONNX model of float32 tensors, written node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from metrics.lpips.lpips_networks import Conv
from metrics.lpips.winograd import convolve_minimally

if TYPE_CHECKING:
    import onnx

_OPSET = 17
_IR_VERSION = 8


class OnnxGraph:
    """Nodes and constants as they are added, in order."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._whole_numbers: dict[tuple[int, ...], str] = {}

    def constant(self, name: str, values: NDArray[np.float32]) -> str:
        """Add a constant tensor; its name."""
        from onnx import numpy_helper

        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def whole_numbers(self, numbers: tuple[int, ...]) -> str:
        """Add a constant (n,) of int64, for shapes and places; its name, the same for the same numbers."""
        from onnx import numpy_helper

        if numbers not in self._whole_numbers:
            name = self._whole_numbers[numbers] = f"whole_numbers_{len(self._whole_numbers)}"
            self._constants[name] = numpy_helper.from_array(np.array(numbers, np.int64), name)
        return self._whole_numbers[numbers]

    def node(self, operator: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        """Add a node with one output; the output's name."""
        from onnx import helper

        name = output or f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def model(
        self, name: str, inputs: Mapping[str, list[int | None]], outputs: Mapping[str, list[int | None]]
    ) -> onnx.ModelProto:
        """The model of float32 tensors with these inputs and outputs; None is any length."""
        from onnx import TensorProto, helper

        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in inputs.items()],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
            list(self._constants.values()),
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)


def convolve(graph: OnnxGraph, conv: Conv, value: str, trunk: Mapping[str, NDArray[np.float32]]) -> str:
    """Add a convolution of a trunk and its ReLU; the output's name."""
    weight, bias = (trunk[f"{conv.name}.{part}"] for part in ("weight", "bias"))
    if conv.minimal:
        convolved = convolve_minimally(graph, conv.name, value, weight, bias, conv.padding)
    else:
        names = [graph.constant(f"{conv.name}.{part}", each) for part, each in (("weight", weight), ("bias", bias))]
        convolved = graph.node("Conv", [value, *names], strides=[conv.stride] * 2, pads=[conv.padding] * 4)
    return graph.node("Relu", [convolved])
