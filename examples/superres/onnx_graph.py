"""The network as ONNX: a float graph written node by node, and its static int8 quantisation.

Written rather than traced, so that the graph holds what the network says and nothing else: Conv,
Relu, Concat, Add, Clip, DepthToSpace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from superres import SCALE
from superres.network import ConvWeights

INPUT = "lr"
OUTPUT = "sr"
OPSET = 17


def write_float(layers: Sequence[ConvWeights], file: Path) -> None:
    """Write the float32 model: `lr` (1, 3, H, W) in 0..1 to `sr` (1, 3, 2H, 2W), clipped to 0..1."""
    nodes, constants = [], []
    features = INPUT
    for number, layer in enumerate(layers):
        kernel, bias, response = (f"conv{number}.{part}" for part in ("weight", "bias", "out"))
        constants.append(numpy_helper.from_array(layer.kernel, kernel))
        constants.append(numpy_helper.from_array(layer.bias, bias))
        nodes.append(
            helper.make_node(
                "Conv",
                [features, kernel, bias],
                [response],
                name=f"conv{number}",
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
            )
        )
        features = response
        if number < len(layers) - 1:
            features = f"relu{number}.out"
            nodes.append(helper.make_node("Relu", [response], [features], name=f"relu{number}"))
    for name, bound in (("zero", 0.0), ("one", 1.0)):
        constants.append(numpy_helper.from_array(np.array(bound, np.float32), name))
    nodes += [
        helper.make_node("Concat", [INPUT] * SCALE**2, ["anchor"], name="repeat", axis=1),
        helper.make_node("Add", [features, "anchor"], ["sum"], name="add"),
        helper.make_node("Clip", ["sum", "zero", "one"], ["packed"], name="clip"),
        helper.make_node("DepthToSpace", ["packed"], [OUTPUT], name="shuffle", blocksize=SCALE, mode="DCR"),
    ]
    graph = helper.make_graph(
        nodes,
        "super_resolution_x2",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, 3, "H", "W"])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, 3, "2H", "2W"])],
        constants,
    )
    # IR 8 is what opset 17 came with: older runtimes refuse a newer one.
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="bakeoff"
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, file)


def read_weights(file: Path) -> list[ConvWeights]:
    """The convolutions of a model that `write_float` wrote, in order."""
    arrays = {item.name: numpy_helper.to_array(item) for item in onnx.load(file).graph.initializer}
    count = sum(name.endswith(".weight") for name in arrays)
    return [ConvWeights(arrays[f"conv{n}.weight"], arrays[f"conv{n}.bias"]) for n in range(count)]


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, images: Iterable[NDArray[np.float32]]) -> None:
        self._feeds: Iterator[dict[str, NDArray[np.float32]]] = iter([{INPUT: i} for i in images])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._feeds, None)


def write_int8(float_file: Path, file: Path, calibration: Iterable[NDArray[np.uint8]]) -> None:
    """Quantise to 8 bits (QDQ form): weights per channel, activations per tensor, min to max.

    Activations are unsigned, as onnxruntime makes them on x86 anyway. Weights use 7 of their 8 bits:
    on x86 without VNNI the products of 8-bit weights saturate, and the loss would depend on the CPU.

    Args:
        float_file: what `write_float` wrote.
        file: where the int8 model goes; input and output stay float32.
        calibration: (H, W, 3) uint8 low-resolution images that set the activation ranges.
    """
    quantize_static(
        str(float_file),
        str(file),
        _Reader(image.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255) for image in calibration),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        reduce_range=True,
        calibrate_method=CalibrationMethod.MinMax,
    )
