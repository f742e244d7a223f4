"""Any metric on luma: BT.601 Y on its 0..255 scale, without `scale` pixels at each border."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError
from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.image.row_bands import row_bands
from metrics.metric import Metric, MetricFactory, MetricSettings, PreparedReference


def luma(image: Image, data_range: float = 255.0) -> NDArray[np.float64]:
    """Y = 16 + (65.481 R + 128.553 G + 24.966 B)/255 for R, G, B in 0..255 (ITU-R BT.601), not rounded.

    Args:
        image: (H, W, 3) RGB, or (H, W), which is taken to be luma already; values in 0..`data_range`.
        data_range: of the image; the result is always on the scale 0..255.

    Returns:
        (H, W), float64; 16..235 for RGB.
    """
    to_255 = 255.0 / data_range
    if image.ndim == 2:
        return image.astype(np.float64) * to_255
    made = np.empty(image.shape[:2])
    # Band by band: whole planes of float64 would leave the cache between one step and the next.
    for rows in row_bands(*image.shape[:2]):
        red, green, blue = (image[rows, :, channel].astype(np.float64) for channel in range(3))
        made[rows] = 16.0 + (65.481 * red + 128.553 * green + 24.966 * blue) * (to_255 / 255.0)
    return made


@dataclass(frozen=True)
class PreparedLuma:
    """A reference's luma, prepared by the metric that compares it."""

    reference: Image
    prepared: PreparedReference
    metric: OnLuma

    def score(self, output: Image) -> float:
        """The inner metric's score of the two lumas."""
        check_output(self.reference, output)
        return self.prepared.score(self.metric.cropped_luma(output))


class OnLuma:
    """A metric for grey images, applied to the cropped luma of colour images."""

    def __init__(self, open_inner: MetricFactory, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        if settings.scale < 1:
            raise MetricInputError(f"scale must be at least 1, not {settings.scale}")
        self._inner: Metric = open_inner(replace(settings, data_range=255.0))
        self._scale = settings.scale
        self._data_range = settings.data_range

    def cropped_luma(self, image: Image) -> NDArray[np.float64]:
        """Luma without `scale` pixels at each border; (H − 2·scale, W − 2·scale), float64."""
        border = self._scale
        return luma(image[border:-border, border:-border], self._data_range)

    def prepare(self, reference: Image) -> PreparedLuma:
        """Convert and crop the reference, and prepare it for the inner metric."""
        check_reference(reference, self._data_range)
        height, width = reference.shape[:2]
        if min(height, width) <= 2 * self._scale:
            raise MetricInputError(
                f"reference is {height} × {width}: nothing is left when {self._scale} pixels are cropped at each border"
            )
        return PreparedLuma(reference, self._inner.prepare(self.cropped_luma(reference)), self)

    def describe(self) -> str:
        """How the number is computed."""
        return f"{self._inner.describe()}, of BT.601 luma without {self._scale} px at each border"
