"""PSNR of a whole set: of the mean squared error over all its pixels, and not the mean of its images' PSNRs.

The mean of per-image values, in dB, is a geometric mean of the errors and forgives single bad images; this one is as
bad as its pixels are on average (Jensen's inequality: never above the mean of per-image values of images of one size).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.image.squared_error import squared_error
from metrics.metric import MetricSettings


@dataclass(frozen=True)
class PreparedPooledPsnr:
    """A reference for the squared error; there is nothing to compute ahead."""

    reference: Image
    data_range: float

    def contribution(self, output: Image) -> NDArray[np.float64]:
        """(Σ error² / data_range², number of values), both over all pixels and channels; shape (2,)."""
        check_output(self.reference, output)
        return np.array([squared_error(self.reference, output) / self.data_range**2, float(output.size)])


class PooledPsnr:
    """Peak signal-to-noise ratio of a set in dB."""

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range

    def prepare(self, reference: Image) -> PreparedPooledPsnr:
        """Keep the reference, checked."""
        check_reference(reference, self._data_range)
        return PreparedPooledPsnr(reference, self._data_range)

    def describe(self) -> str:
        """How the number is computed."""
        return (
            "PSNR of the mean squared error over all pixels and channels of all images together, float64, data range "
            f"{self._data_range:g}"
        )


def pooled_psnr(contributions: NDArray[np.float64]) -> float:
    """−10 log10(Σ error² / Σ number) in dB of contributions of shape (n, 2); `inf` where all images are identical."""
    squares, count = contributions.sum(axis=0)
    return math.inf if squares == 0.0 else -10.0 * math.log10(squares / count)
