"""The largest error of any channel of any pixel, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics.image.image import Image, check_data_range, check_output, check_reference
from metrics.metric import MetricSettings


@dataclass(frozen=True)
class PreparedMaxError:
    """A reference for the largest error; there is nothing to compute ahead."""

    reference: Image
    data_range: float

    def score(self, output: Image) -> float:
        """255 × max |output − reference| / data_range over all pixels and channels; 0 if identical."""
        check_output(self.reference, output)
        error = np.abs(np.subtract(output, self.reference, dtype=np.float64))
        return 255.0 / self.data_range * float(error.max())


class MaxError:
    """Largest absolute error, on the scale 0..255."""

    def __init__(self, settings: MetricSettings) -> None:
        check_data_range(settings.data_range)
        self._data_range = settings.data_range

    def prepare(self, reference: Image) -> PreparedMaxError:
        """Keep the reference, checked."""
        check_reference(reference, self._data_range)
        return PreparedMaxError(reference, self._data_range)

    def describe(self) -> str:
        """How the number is computed."""
        return f"largest |output − reference| of any channel on the scale 0..255, data range {self._data_range:g}"
