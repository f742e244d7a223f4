"""How far edges are weaker or stronger than the reference's: the error of the gradient's magnitude, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.metric import MetricSettings

_WINDOW = 3


@dataclass(frozen=True)
class PreparedGradientError:
    """A reference and the magnitude of its gradient, wherever the window fits."""

    reference: Image
    magnitude: NDArray[np.float64]
    metric: GradientError

    def score(self, output: Image) -> float:
        """Mean | |∇output| − |∇reference| | over the valid region and all channels; 0 if identical."""
        check_output(self.reference, output)
        error = self.metric.magnitude(output)
        error -= self.magnitude
        return float(np.abs(error, out=error).mean())


class GradientError:
    """Mean absolute error of the gradient's magnitude, in levels of 0..255 a pixel.

    Sobel's 3×3 kernels, divided by 8 so that a ramp of one level a pixel has the gradient 1; for each channel.
    """

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range

    def magnitude(self, image: Image) -> NDArray[np.float64]:
        """√(gx² + gy²) of each channel, (H − 2, W − 2[, 3]), float64."""
        import cv2

        levels = image.astype(np.float64)
        levels *= 255.0 / self._data_range
        inside = (slice(1, -1), slice(1, -1))
        across = np.asarray(cv2.Sobel(levels, cv2.CV_64F, 1, 0, ksize=_WINDOW, scale=0.125), np.float64)[inside]
        down = np.asarray(cv2.Sobel(levels, cv2.CV_64F, 0, 1, ksize=_WINDOW, scale=0.125), np.float64)[inside]
        squared: NDArray[np.float64] = across * across
        squared += down * down
        return np.sqrt(squared, out=squared)

    def prepare(self, reference: Image) -> PreparedGradientError:
        """Compute the reference's gradient."""
        check_reference(reference, self._data_range)
        height, width = reference.shape[:2]
        if min(height, width) < _WINDOW:
            raise MetricInputError(
                f"reference is {height} × {width} pixels: a gradient needs at least {_WINDOW} × {_WINDOW}"
            )
        return PreparedGradientError(reference, self.magnitude(reference), self)

    def describe(self) -> str:
        """How the number is computed."""
        return (
            "mean absolute error of the gradient's magnitude (Sobel 3×3 / 8, valid region, each channel) on the scale "
            f"0..255, data range {self._data_range:g}"
        )
