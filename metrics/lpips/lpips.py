"""LPIPS 0.1 under ONNX Runtime: the reference's features are computed once, whatever the number of arms."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from metrics.errors import LpipsUnavailableError, MetricInputError
from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.lpips.lpips_graph import DISTANCE, IMAGE, distance_graph, feature_name, features_graph
from metrics.lpips.lpips_networks import NETWORKS
from metrics.lpips.onnx_session import OnnxSession
from metrics.metric import MetricSettings

if TYPE_CHECKING:
    from metrics.lpips.lpips_weights import LpipsWeights

VERSION = "0.1"
_SMALL_PIXELS = 60_000
"""Below, convolutions of fewer products take longer: their weights are four times as large, and read once an image."""


@dataclass(frozen=True)
class PreparedLpips:
    """A reference's normalised features at every tap: {name: (1, C, h, w) float32}."""

    reference: Image
    features: dict[str, NDArray[np.float32]]
    metric: Lpips

    def score(self, output: Image) -> float:
        """Perceptual distance to the reference; 0 is identical."""
        check_output(self.reference, output)
        return self.metric.distance(self.features, output)

    def error_map(self, output: Image) -> NDArray[np.float32]:
        """Where it is how far from the reference to the eye, (H, W); its mean is about the distance."""
        check_output(self.reference, output)
        return self.metric.distances(self.features, output)


class Lpips:
    """Learned perceptual image patch similarity (Zhang et al. 2018), version 0.1, net `alex`, `squeeze` or `vgg`.

    Grey images are repeated in all three channels, as the authors' image loader does.
    """

    def __init__(self, net: str, settings: MetricSettings) -> None:
        """Find weights, and check that they give the right distances.

        Raises:
            LpipsUnavailableError: no weights, each way's reason in the text; or weights that fail the check.
        """
        from metrics.lpips.lpips_self_check import check_distances
        from metrics.lpips.lpips_weights import find_weights

        check_data_range(settings.data_range)
        network = NETWORKS[net]
        self._network = network
        self._data_range = settings.data_range
        self._weights: LpipsWeights = find_weights(network, settings.lpips_weights, download=settings.download)
        self._threads = settings.threads_in_turn
        self._opened: dict[bool, tuple[OnnxSession, OnnxSession]] = {}
        self._opening = threading.Lock()
        fault = check_distances(net, self._distance_of_tensors)
        if fault is not None:
            raise LpipsUnavailableError(
                f"LPIPS ({net}) unavailable: its weights ({self._weights.source}, sha256 {self._weights.sha256[:12]}) "
                f"{fault}: wrong weights invert conclusions; remove them"
            )

    def prepare(self, reference: Image) -> PreparedLpips:
        """Compute the reference's features."""
        check_reference(reference, self._data_range)
        height, width = reference.shape[:2]
        smallest = self._network.smallest_side
        if min(height, width) < smallest:
            raise MetricInputError(
                f"reference is {height} × {width} pixels: LPIPS ({self._network.name}) needs at least "
                f"{smallest} × {smallest}"
            )
        return PreparedLpips(reference, self._features_of(self._tensor(reference)), self)

    def distance(self, features: dict[str, NDArray[np.float32]], output: Image) -> float:
        """Distance between a reference's features, of `prepare`, and an output of its size."""
        return self._distance_to(features, self._tensor(output))

    def distances(self, features: dict[str, NDArray[np.float32]], output: Image) -> NDArray[np.float32]:
        """Distances position by position between a reference's features, of `prepare`, and an output of its size."""
        from metrics.lpips.lpips_map import distance_map

        made = self._features_of(self._tensor(output))
        heads = list(self._weights.heads.values())
        return distance_map(list(features.values()), list(made.values()), heads, output.shape[:2])

    def describe(self) -> str:
        """Net, version and the hash of the weights."""
        return (
            f"LPIPS {VERSION}, net {self._network.name}, weights sha256 {self._weights.sha256[:12]} "
            f"({self._weights.source})"
        )

    def _tensor(self, image: Image) -> NDArray[np.float32]:
        """(1, 3, H, W), float32, in [−1, 1]."""
        scaled = np.multiply(image, 2.0 / self._data_range, dtype=np.float32)
        scaled -= 1.0
        if scaled.ndim == 2:
            scaled = np.broadcast_to(scaled[..., None], (*scaled.shape, 3))
        return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])

    def _features_of(self, tensor: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        names = [feature_name(tap) for tap in range(len(self._network.taps()))]
        return dict(zip(names, self._sessions(tensor)[0].run(names, {IMAGE: tensor}), strict=True))

    def _distance_to(self, features: dict[str, NDArray[np.float32]], tensor: NDArray[np.float32]) -> float:
        return float(self._sessions(tensor)[1].run([DISTANCE], {IMAGE: tensor, **features})[0].item())

    def _sessions(self, tensor: NDArray[np.float32]) -> tuple[OnnxSession, OnnxSession]:
        """For features and for distances of images of such a size, opened when they are first needed."""
        is_small = tensor.shape[2] * tensor.shape[3] < _SMALL_PIXELS
        with self._opening:
            if is_small not in self._opened:
                network = self._network.plain() if is_small else self._network
                trunk, heads = self._weights.trunk, list(self._weights.heads.values())
                # One after the other: each holds the weights once more until it is open.
                features = OnnxSession(features_graph(network, trunk).SerializeToString(), self._threads)
                distance = OnnxSession(distance_graph(network, trunk, heads).SerializeToString(), self._threads)
                self._opened[is_small] = features, distance
            return self._opened[is_small]

    def _distance_of_tensors(self, reference: NDArray[np.float32], output: NDArray[np.float32]) -> float:
        return self._distance_to(self._features_of(reference), output)
