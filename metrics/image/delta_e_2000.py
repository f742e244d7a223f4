"""Mean colour difference ΔE2000, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.image.lab import ciede2000, lab_of_linear
from metrics.image.row_bands import row_bands
from metrics.image.shared_work import SharedWork
from metrics.image.srgb import linear_light
from metrics.metric import MetricSettings

Lab = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class PreparedDeltaE2000:
    """A reference and its colours, one L*, a*, b* for each band of rows."""

    reference: Image
    colors: tuple[Lab, ...]
    metric: DeltaE2000

    def score(self, output: Image) -> float:
        """Mean ΔE2000 over all pixels; 0 if identical, about 1 is the least that people see."""
        check_output(self.reference, output)
        return self.metric.mean_difference(self.colors, output)

    def error_map(self, output: Image) -> NDArray[np.float64]:
        """ΔE2000 of every pixel, (H, W)."""
        check_output(self.reference, output)
        return np.concatenate(self.metric.differences(self.colors, output))


class DeltaE2000:
    """Mean CIEDE2000 colour difference of sRGB images under D65."""

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range
        self._work = SharedWork(settings.threads)

    def prepare(self, reference: Image) -> PreparedDeltaE2000:
        """Compute the reference's colours."""
        check_reference(reference, self._data_range)
        colors = self._work.map(lambda rows: self._lab(reference[rows]), _bands(reference))
        return PreparedDeltaE2000(reference, tuple(colors), self)

    def mean_difference(self, colors: tuple[Lab, ...], output: Image) -> float:
        """Mean over all pixels; `colors` are the reference's, of `prepare`."""
        total = sum(float(band.sum()) for band in self.differences(colors, output))
        height, width = output.shape[:2]
        return float(total / (height * width))

    def differences(self, colors: tuple[Lab, ...], output: Image) -> list[NDArray[np.float64]]:
        """ΔE2000 of every pixel, band by band."""

        def difference(piece: tuple[slice, Lab]) -> NDArray[np.float64]:
            rows, known = piece
            return ciede2000(known, self._lab(output[rows]))

        return self._work.map(difference, list(zip(_bands(output), colors, strict=True)))

    def describe(self) -> str:
        """How the number is computed."""
        return f"mean CIEDE2000 over all pixels, sRGB under D65 (2°), float64, data range {self._data_range:g}"

    def _lab(self, image: Image) -> Lab:
        return lab_of_linear(linear_light(image, self._data_range))


def _bands(image: Image) -> list[slice]:
    height, width = image.shape[:2]
    return row_bands(height, 3 * width)
