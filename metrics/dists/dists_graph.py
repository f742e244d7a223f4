"""DISTS as two ONNX graphs: what is computed once for a reference, and what is computed for each output.

The authors' code: RGB in [0, 1]; VGG-16 with every pooling replaced by a root of blurred squares; at the image itself
and after each of five stages, every channel is compared by its mean (texture) and by its covariance (structure).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from metrics.dists.dists_weights import CHANNELS
from metrics.lpips.lpips_networks import NETWORKS, Conv, MaxPool
from metrics.lpips.onnx_graph import OnnxGraph, convolve

if TYPE_CHECKING:
    import onnx

IMAGE = "image"
"""Input of both graphs: (1, 3, H, W), float32, RGB in [0, 1]."""
DISTANCE = "distance"
"""Output of the comparing graph: a float32 scalar of shape (1, 1, 1, 1)."""

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_SMALL = 1e-6  # added to numerators and denominators of both comparisons
_SMALL_SQUARE = 1e-12  # added before the root of blurred squares
_STAGES = range(1, len(CHANNELS))

Arrays = Mapping[str, NDArray[np.float32]]


def feature_name(stage: int) -> str:
    """Name of the reference's features after a stage, output of one graph, input of the other; (1, C, h, w)."""
    return f"reference_features_{stage}"


def features_graph(trunk: Arrays) -> onnx.ModelProto:
    """image → features after every stage; the image itself needs no graph."""
    graph = OnnxGraph()
    for stage, features in zip(_STAGES, _features(graph, trunk), strict=True):
        graph.node("Identity", [features], output=feature_name(stage))
    outputs: dict[str, list[int | None]] = {feature_name(stage): [1, CHANNELS[stage], None, None] for stage in _STAGES}
    return graph.model("dists_features", {IMAGE: [1, 3, None, None]}, outputs)


def distance_graph(trunk: Arrays, channels: Arrays) -> onnx.ModelProto:
    """image, and the reference as an image and as features after every stage → distance."""
    graph = OnnxGraph()
    total = np.float32(channels["alpha"].sum(dtype=np.float32) + channels["beta"].sum(dtype=np.float32))
    starts = np.cumsum((0, *CHANNELS))
    similarities = []
    for stage, features in enumerate([IMAGE, *_features(graph, trunk)]):
        part = slice(starts[stage], starts[stage + 1])
        texture, structure = _compared(graph, feature_name(stage), features)
        for name, similarity in (("alpha", texture), ("beta", structure)):
            weights = graph.constant(f"{name}_{stage}", (channels[name][part] / total).reshape(1, -1, 1, 1))
            similarities.append(graph.node("Conv", [similarity, weights]))
    one = graph.constant("one", np.array(1.0, np.float32))
    graph.node("Sub", [one, graph.node("Sum", similarities)], output=DISTANCE)
    inputs: dict[str, list[int | None]] = {IMAGE: [1, 3, None, None]}
    inputs |= {feature_name(stage): [1, count, None, None] for stage, count in enumerate(CHANNELS)}
    return graph.model("dists_distance", inputs, {DISTANCE: [1, 1, 1, 1]})


def _features(graph: OnnxGraph, trunk: Arrays) -> list[str]:
    """Names of the features after every stage, the last ReLU's of each."""
    mean = graph.constant("mean", np.array(_MEAN, np.float32).reshape(1, 3, 1, 1))
    deviation = graph.constant("deviation", np.array(_DEVIATION, np.float32).reshape(1, 3, 1, 1))
    value = graph.node("Div", [graph.node("Sub", [IMAGE, mean]), deviation])
    features, count = [], 3
    for layer in NETWORKS["vgg"].layers:
        if isinstance(layer, Conv):
            value, count = convolve(graph, layer, value, trunk), layer.outputs
        elif isinstance(layer, MaxPool):
            features.append(value)
            value = _pooled(graph, value, count)
    return [*features, value]


def _pooled(graph: OnnxGraph, value: str, count: int) -> str:
    """√(blurred squares + 10⁻¹²) at every second position: a 3×3 Hann window."""
    window = np.outer((0.5, 1.0, 0.5), (0.5, 1.0, 0.5)) / 4.0
    kernel = np.broadcast_to(window, (count, 1, 3, 3)).astype(np.float32)
    squares = graph.node("Mul", [value, value])
    weights = graph.constant(f"hann_{value}", kernel)
    blurred = graph.node("Conv", [squares, weights], strides=[2, 2], pads=[1] * 4, group=count)
    small = graph.constant("small_square", np.array(_SMALL_SQUARE, np.float32))
    return graph.node("Sqrt", [graph.node("Add", [blurred, small])])


def _compared(graph: OnnxGraph, reference: str, output: str) -> tuple[str, str]:
    """Similarity of means and of structure of every channel, (1, C, 1, 1) each."""
    small = graph.constant("small", np.array(_SMALL, np.float32))
    two = graph.constant("two", np.array(2.0, np.float32))
    means = [graph.node("ReduceMean", [one], axes=[2, 3], keepdims=1) for one in (reference, output)]
    centred = [graph.node("Sub", [one, mean]) for one, mean in zip((reference, output), means, strict=True)]

    def mean_product(one: str, other: str) -> str:
        return graph.node("ReduceMean", [graph.node("Mul", [one, other])], axes=[2, 3], keepdims=1)

    def ratio(both: str, first: str, second: str) -> str:
        above = graph.node("Add", [graph.node("Mul", [both, two]), small])
        return graph.node("Div", [above, graph.node("Add", [graph.node("Add", [first, second]), small])])

    texture = ratio(graph.node("Mul", means), *(graph.node("Mul", [mean, mean]) for mean in means))
    structure = ratio(mean_product(*centred), *(mean_product(one, one) for one in centred))
    return texture, structure
