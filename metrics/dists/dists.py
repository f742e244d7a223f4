"""DISTS under ONNX Runtime: the reference's features are computed once, whatever the number of arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from metrics.dists.dists_graph import DISTANCE, IMAGE, distance_graph, feature_name, features_graph
from metrics.errors import LpipsUnavailableError
from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.lpips.lpips_self_check import pair
from metrics.lpips.onnx_session import OnnxSession
from metrics.metric import MetricSettings

if TYPE_CHECKING:
    from metrics.dists.dists_weights import DistsWeights

_STAGES = range(1, 6)
_GOLDEN = 0.130395
"""Distance of the self-check's pair by the authors' code: the `dists-pytorch` package 0.1 under PyTorch 2.13."""
_TOLERANCE = 1e-4

Features = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class PreparedDists:
    """A reference as an image and as features after every stage: {name: (1, C, h, w) float32}."""

    reference: Image
    features: Features
    metric: Dists

    def score(self, output: Image) -> float:
        """Perceptual distance to the reference; 0 is identical."""
        check_output(self.reference, output)
        return self.metric.distance(self.features, output)


class Dists:
    """Deep image structure and texture similarity (Ding et al. 2020), at the image's own size.

    Grey images are repeated in all three channels. Symmetric; of any size, though little is left of one below 16
    pixels.
    """

    def __init__(self, settings: MetricSettings) -> None:
        """Find weights, and check that they give the right distances.

        Raises:
            LpipsUnavailableError: no weights, each way's reason in the text; or weights that fail the check.
        """
        from metrics.dists.dists_weights import find_dists_weights

        check_data_range(settings.data_range)
        self._data_range = settings.data_range
        self._weights: DistsWeights = find_dists_weights(settings.lpips_weights, download=settings.download)
        trunk, channels = self._weights.trunk, self._weights.channels
        self._features = OnnxSession(features_graph(trunk).SerializeToString(), settings.threads_in_turn)
        self._distance = OnnxSession(distance_graph(trunk, channels).SerializeToString(), settings.threads_in_turn)
        reference, output = (_tensor(image, 255.0) for image in pair())
        found = self._distance_to(self._features_of(reference), output)
        if not abs(found - _GOLDEN) <= _TOLERANCE:
            raise LpipsUnavailableError(
                f"DISTS unavailable: its weights ({self._weights.source}, sha256 {self._weights.sha256[:12]}) give "
                f"a distance of {found:.6f} where the authors' code gives {_GOLDEN:.6f}: wrong weights invert "
                "conclusions; remove them"
            )

    def prepare(self, reference: Image) -> PreparedDists:
        """Compute the reference's features."""
        check_reference(reference, self._data_range)
        return PreparedDists(reference, self._features_of(_tensor(reference, self._data_range)), self)

    def distance(self, features: Features, output: Image) -> float:
        """Distance between a reference's features, of `prepare`, and an output of its size."""
        return self._distance_to(features, _tensor(output, self._data_range))

    def describe(self) -> str:
        """Version and the hash of the weights."""
        return f"DISTS, native size, weights sha256 {self._weights.sha256[:12]} ({self._weights.source})"

    def _features_of(self, tensor: NDArray[np.float32]) -> Features:
        names = [feature_name(stage) for stage in _STAGES]
        found = dict(zip(names, self._features.run(names, {IMAGE: tensor}), strict=True))
        return {feature_name(0): tensor, **found}

    def _distance_to(self, features: Features, tensor: NDArray[np.float32]) -> float:
        return float(self._distance.run([DISTANCE], {IMAGE: tensor, **features})[0].item())


def _tensor(image: Image, data_range: float) -> NDArray[np.float32]:
    """(1, 3, H, W), float32, in [0, 1]."""
    scaled = np.multiply(image, 1.0 / data_range, dtype=np.float32)
    if scaled.ndim == 2:
        scaled = np.broadcast_to(scaled[..., None], (*scaled.shape, 3))
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])
