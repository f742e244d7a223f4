"""SSIM as its authors define it, in float64, equal to scikit-image's Gaussian variant and several times as fast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.image.shared_work import SharedWork
from metrics.metric import MetricSettings

WINDOW = 11
"""Pixels on a side of the Gaussian window; SSIM is defined where the whole window lies inside the image."""

_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03
_RADIUS = WINDOW // 2
# Tiles of this size keep the intermediate maps (400 kB each) in a core's second-level cache and in memory that the
# allocator does not give back between tiles; that makes float64 as fast as float32 over whole images.
_TILE_ROWS = 64
_TILE_VALUES_PER_ROW = 768

Tile = tuple[slice, slice]
"""Rows and columns of an image, margins for the window included."""


def gaussian_window() -> NDArray[np.float64]:
    """The 11 taps of the separable Gaussian window, σ = 1.5, sum 1; float64."""
    distance = np.arange(-_RADIUS, _RADIUS + 1)
    taps = np.exp(-0.5 * (distance / _SIGMA) ** 2)
    window: NDArray[np.float64] = taps / taps.sum()
    return window


@dataclass(frozen=True)
class PreparedSsim:
    """A reference and its local means, one array for each tile."""

    reference: Image
    means: tuple[NDArray[np.float64], ...]
    metric: Ssim

    def score(self, output: Image) -> float:
        """Mean SSIM over the valid region and all channels; 1 is identical."""
        check_output(self.reference, output)
        return self.metric.mean_ssim(self.reference, output, self.means)


class Ssim:
    """Structural similarity (Wang et al. 2004): 11×11 Gaussian window, σ 1.5, population covariance, no downsampling.

    K = (0.01, 0.03); colour images are the mean over their channels; only positions where the whole window fits count.
    """

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range
        self._c1 = (_K1 * settings.data_range) ** 2
        self._c2 = (_K2 * settings.data_range) ** 2
        self._window = gaussian_window()
        self._work = SharedWork(settings.threads)

    def prepare(self, reference: Image) -> PreparedSsim:
        """Compute the reference's local means."""
        check_reference(reference, self._data_range)
        height, width = reference.shape[:2]
        if min(height, width) < WINDOW:
            raise MetricInputError(
                f"the region to compare is {height} × {width} pixels: SSIM needs at least {WINDOW} × {WINDOW}"
            )
        # A copy, since a view would hold the margins in memory too.
        means = self._work.map(lambda tile: self._filtered(_float64(reference[tile])).copy(), _tiles(reference))
        return PreparedSsim(reference, tuple(means), self)

    def describe(self) -> str:
        """How the number is computed."""
        return (
            f"SSIM, {WINDOW}×{WINDOW} Gaussian window σ {_SIGMA}, population covariance, valid region, "
            f"K = ({_K1}, {_K2}), data range {self._data_range:g}"
        )

    def mean_ssim(self, reference: Image, output: Image, means: tuple[NDArray[np.float64], ...]) -> float:
        """Mean of the SSIM map; `means` are the reference's, of `prepare`."""

        def tile_sum(piece: tuple[Tile, NDArray[np.float64]]) -> float:
            tile, mean = piece
            return self._ssim_sum(_float64(reference[tile]), _float64(output[tile]), mean)

        # Sums are added in the order of the tiles, so that the result does not depend on threads.
        total = sum(self._work.map(tile_sum, list(zip(_tiles(reference), means, strict=True))))
        return total / sum(mean.size for mean in means)

    def _ssim_sum(self, x: NDArray[np.float64], y: NDArray[np.float64], mean_x: NDArray[np.float64]) -> float:
        """Sum over one tile of (2 μx μy + C1)(2 σxy + C2) / ((μx² + μy² + C1)(σx² + σy² + C2)). Overwrites x and y.

        Filtering is what costs, so it is done three times, not five: variances are needed only as a sum, and μx is
        known. With p = 2 μx μy: 2 σxy = 2 E[xy] − p; μx² + μy² = (μx − μy)² + p; σx² + σy² = E[x² + y²] − (μx² + μy²).
        """
        mean_y = self._filtered(y)
        structure = self._filtered(x * y, factor=2.0, offset=self._c2)
        np.square(x, out=x)
        np.square(y, out=y)
        x += y
        contrast = self._filtered(x, offset=self._c1 + self._c2)

        product = mean_x * mean_y
        product *= 2.0
        numerator = np.subtract(structure, product)
        luminance = np.subtract(mean_x, mean_y)
        np.square(luminance, out=luminance)
        luminance += product
        luminance += self._c1
        denominator = np.subtract(contrast, luminance)
        denominator *= luminance
        product += self._c1
        numerator *= product
        numerator /= denominator
        return float(numerator.sum())

    def _filtered(self, values: NDArray[np.float64], factor: float = 1.0, offset: float = 0.0) -> NDArray[np.float64]:
        """`factor` × Gaussian mean + `offset`, wherever the whole window fits; a view."""
        import cv2

        filtered = cv2.sepFilter2D(values, cv2.CV_64F, self._window * factor, self._window, delta=offset)
        return np.asarray(filtered, dtype=np.float64)[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def _tiles(image: Image) -> list[Tile]:
    """Tiles whose valid regions tile the valid region of the image."""
    height, width = image.shape[:2]
    channels = image.size // (height * width)
    return [
        (rows, columns)
        for rows in _spans(height, _TILE_ROWS)
        for columns in _spans(width, _TILE_VALUES_PER_ROW // channels)
    ]


def _spans(length: int, most: int) -> list[slice]:
    margin = WINDOW - 1
    step = most - margin
    return [slice(start, min(start + most, length)) for start in range(0, length - margin, step)]


def _float64(image: Image) -> NDArray[np.float64]:
    return image.astype(np.float64)
