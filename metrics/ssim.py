"""SSIM as its authors define it, in float64, equal to scikit-image's Gaussian variant and several times as fast."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.image import Image, check_data_range, check_output, check_reference
from metrics.metric import MetricSettings

WINDOW = 11
"""Pixels on a side of the Gaussian window; SSIM is defined where the whole window lies inside the image."""

_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03
_RADIUS = WINDOW // 2
# Strips of about this many float64 values keep each intermediate map in a core's second-level cache, which makes
# float64 as fast as float32 over whole images, and bounds memory for large ones.
_STRIP_VALUES = 192_000


def gaussian_window() -> NDArray[np.float64]:
    """The 11 taps of the separable Gaussian window, σ = 1.5, sum 1; float64."""
    distance = np.arange(-_RADIUS, _RADIUS + 1)
    taps = np.exp(-0.5 * (distance / _SIGMA) ** 2)
    window: NDArray[np.float64] = taps / taps.sum()
    return window


@dataclass(frozen=True)
class PreparedSsim:
    """A reference and its local means, one array for each strip of rows."""

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
        self._pool = ThreadPoolExecutor(settings.threads or os.cpu_count() or 1, thread_name_prefix="ssim")

    def prepare(self, reference: Image) -> PreparedSsim:
        """Compute the reference's local means."""
        check_reference(reference, self._data_range)
        height, width = reference.shape[:2]
        if min(height, width) < WINDOW:
            raise MetricInputError(
                f"the region to compare is {height} × {width} pixels: SSIM needs at least {WINDOW} × {WINDOW}"
            )
        means = self._pool.map(lambda rows: self._local_mean(_float64(reference[rows])).copy(), _strips(reference))
        return PreparedSsim(reference, tuple(means), self)

    def describe(self) -> str:
        """How the number is computed."""
        return (
            f"SSIM, {WINDOW}×{WINDOW} Gaussian window σ {_SIGMA}, population covariance, valid region, "
            f"K = ({_K1}, {_K2}), data range {self._data_range:g}"
        )

    def mean_ssim(self, reference: Image, output: Image, means: tuple[NDArray[np.float64], ...]) -> float:
        """Mean of the SSIM map, strip by strip; `means` are the reference's, of `prepare`."""

        def strip_sum(strip: tuple[slice, NDArray[np.float64]]) -> float:
            rows, mean = strip
            return self._ssim_sum(_float64(reference[rows]), _float64(output[rows]), mean)

        # Sums are added in the order of the strips, so that the result does not depend on threads.
        total = sum(self._pool.map(strip_sum, zip(_strips(reference), means, strict=True)))
        return total / sum(mean.size for mean in means)

    def _local_mean(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gaussian mean at every position where the whole window fits; a view."""
        import cv2

        filtered = np.asarray(cv2.sepFilter2D(image, cv2.CV_64F, self._window, self._window), dtype=np.float64)
        return filtered[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]

    def _ssim_sum(self, x: NDArray[np.float64], y: NDArray[np.float64], mean_x: NDArray[np.float64]) -> float:
        """Sum of the SSIM map of one strip. SSIM needs σx² + σy² only as a sum, so three maps are filtered, not four.

        In place where it can be: allocating a map costs as much as computing it. Overwrites `x` and `y`.
        """
        mean_y = self._local_mean(y)
        mean_xy = self._local_mean(x * y)
        np.square(x, out=x)
        np.square(y, out=y)
        x += y
        mean_squares = self._local_mean(x)

        mean_product = mean_x * mean_y
        squared_means = np.square(mean_x)
        squared_means += np.square(mean_y)
        numerator = np.subtract(mean_xy, mean_product)
        numerator *= 2.0
        numerator += self._c2
        denominator = np.subtract(mean_squares, squared_means)
        denominator += self._c2
        mean_product *= 2.0
        mean_product += self._c1
        squared_means += self._c1
        numerator *= mean_product
        denominator *= squared_means
        numerator /= denominator
        return float(numerator.sum())


def _float64(image: Image) -> NDArray[np.float64]:
    return image.astype(np.float64)


def _strips(image: Image) -> list[slice]:
    """Row ranges whose valid regions tile the valid region of the image."""
    height = image.shape[0]
    values_per_row = image.size // height
    valid_rows = max(16, _STRIP_VALUES // values_per_row - 2 * _RADIUS)
    return [
        slice(start, min(start + valid_rows, height - 2 * _RADIUS) + 2 * _RADIUS)
        for start in range(0, height - 2 * _RADIUS, valid_rows)
    ]
