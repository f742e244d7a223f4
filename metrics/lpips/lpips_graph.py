"""LPIPS as two ONNX graphs: what is computed once for a reference, and what is computed for each output.

Version 0.1 of the authors' code: images in [−1, 1] are normalised by the scaling layer, features of every tap are
divided by their length over channels, and the squared differences are averaged over positions and weighted by channel;
the distance is the sum over channels and taps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from metrics.lpips.lpips_networks import Conv, Fire, MaxPool, Network
from metrics.lpips.onnx_graph import OnnxGraph, convolve

if TYPE_CHECKING:
    import onnx

IMAGE = "image"
"""Input of both graphs: (1, 3, H, W), float32, RGB in [−1, 1]."""
DISTANCE = "distance"
"""Output of the comparing graph: a float32 scalar of shape (1, 1, 1, 1)."""

_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10  # added to the length of a feature vector before dividing by it


def feature_name(tap: int) -> str:
    """Name of the reference's features at a tap: output of one graph, input of the other; (1, C, h, w), float32."""
    return f"reference_features_{tap}"


def features_graph(network: Network, trunk: Mapping[str, NDArray[np.float32]]) -> onnx.ModelProto:
    """image → normalised features at every tap."""
    graph = OnnxGraph()
    for tap, features in enumerate(_normalised_features(graph, network, trunk)):
        graph.node("Identity", [features], output=feature_name(tap))
    outputs = {feature_name(tap): [1, channels, None, None] for tap, channels in enumerate(network.taps())}
    return graph.model("lpips_features", {IMAGE: [1, 3, None, None]}, outputs)


def distance_graph(
    network: Network, trunk: Mapping[str, NDArray[np.float32]], heads: Sequence[NDArray[np.float32]]
) -> onnx.ModelProto:
    """image, and the reference's normalised features → distance.

    Args:
        network: which trunk.
        trunk: its weights by torchvision's names.
        heads: weights of the channels at each tap, (C,), float32.
    """
    graph = OnnxGraph()
    distances = []
    for tap, (features, weights) in enumerate(zip(_normalised_features(graph, network, trunk), heads, strict=True)):
        difference = graph.node("Sub", [features, feature_name(tap)])
        squared = graph.node("Mul", [difference, difference])
        # Averaged before it is weighted, which commutes and leaves next to nothing to weigh.
        mean = graph.node("ReduceMean", [squared], axes=[2, 3], keepdims=1)
        head = graph.constant(f"head_{tap}", weights.reshape(1, -1, 1, 1))
        distances.append(graph.node("Conv", [mean, head]))
    graph.node("Sum", distances, output=DISTANCE)
    inputs: dict[str, list[int | None]] = {IMAGE: [1, 3, None, None]}
    inputs |= {feature_name(tap): [1, channels, None, None] for tap, channels in enumerate(network.taps())}
    return graph.model("lpips_distance", inputs, {DISTANCE: [1, 1, 1, 1]})


def _normalised_features(graph: OnnxGraph, network: Network, trunk: Mapping[str, NDArray[np.float32]]) -> list[str]:
    """Names of the features at every tap, each divided by its length over channels."""
    shift = graph.constant("shift", np.array(_SHIFT, np.float32).reshape(1, 3, 1, 1))
    scale = graph.constant("scale", np.array(_SCALE, np.float32).reshape(1, 3, 1, 1))
    epsilon = graph.constant("epsilon", np.array(_EPSILON, np.float32))
    value = graph.node("Div", [graph.node("Sub", [IMAGE, shift]), scale])
    features = []
    for layer in network.layers:
        if isinstance(layer, Conv):
            value = convolve(graph, layer, value, trunk)
        elif isinstance(layer, Fire):
            squeezed = convolve(graph, layer.squeeze, value, trunk)
            value = graph.node("Concat", [convolve(graph, conv, squeezed, trunk) for conv in layer.expansions], axis=1)
        elif isinstance(layer, MaxPool):
            value = graph.node(
                "MaxPool", [value], kernel_shape=[layer.kernel] * 2, strides=[2, 2], ceil_mode=int(layer.ceil)
            )
        else:
            # As a convolution, which is several times as fast as the runtime's reduction over channels.
            ones = graph.constant(f"ones_{layer.channels}", np.ones((1, layer.channels, 1, 1), np.float32))
            length = graph.node("Sqrt", [graph.node("Conv", [graph.node("Mul", [value, value]), ones])])
            features.append(graph.node("Div", [value, graph.node("Add", [length, epsilon])]))
    return features
