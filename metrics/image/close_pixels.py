"""The share of pixels that are near enough to the reference's, in per cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.metric import MetricSettings

TOLERANCE: Final = 8.0 / 255.0
"""The share of the data range: 8 of 255 levels."""


@dataclass(frozen=True)
class PreparedClosePixels:
    """A reference whose pixels are counted against; there is nothing to compute ahead."""

    reference: Image
    tolerance: float
    """The tolerance in the reference's own levels."""

    def score(self, output: Image) -> float:
        """100 × pixels of which no channel is off by more than the tolerance / all pixels, 0..100."""
        check_output(self.reference, output)
        error = np.abs(np.subtract(output, self.reference, dtype=np.float64))
        # An error that lies exactly on the tolerance, but for rounding, is close.
        close = error <= self.tolerance * (1.0 + 1e-9)
        return 100.0 * float(np.mean(close.all(axis=2) if close.ndim == 3 else close))


class ClosePixels:
    """Pixels of which no channel is off by more than 8 of 255 levels, in per cent of all pixels."""

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range

    def prepare(self, reference: Image) -> PreparedClosePixels:
        """Keep the reference, checked."""
        check_reference(reference, self._data_range)
        return PreparedClosePixels(reference, TOLERANCE * self._data_range)

    def describe(self) -> str:
        """How the number is computed."""
        return f"pixels of which no channel is off by more than {TOLERANCE * self._data_range:g}, in per cent"
