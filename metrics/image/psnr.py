"""PSNR over all channels, in float64."""

from __future__ import annotations

import math
from dataclasses import dataclass

from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.image.squared_error import squared_error
from metrics.metric import MetricSettings


@dataclass(frozen=True)
class PreparedPsnr:
    """A reference for PSNR; there is nothing to compute ahead."""

    reference: Image
    data_range: float

    def score(self, output: Image) -> float:
        """PSNR in dB = 10 log10(data_range² / MSE), the MSE over all pixels and channels; `inf` if identical."""
        check_output(self.reference, output)
        mse = squared_error(self.reference, output) / output.size
        return math.inf if mse == 0.0 else 10.0 * math.log10(self.data_range**2 / mse)


class Psnr:
    """Peak signal-to-noise ratio in dB."""

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range

    def prepare(self, reference: Image) -> PreparedPsnr:
        """Keep the reference, checked."""
        check_reference(reference, self._data_range)
        return PreparedPsnr(reference, self._data_range)

    def describe(self) -> str:
        """How the number is computed."""
        return f"PSNR over all channels, float64, data range {self._data_range:g}"
