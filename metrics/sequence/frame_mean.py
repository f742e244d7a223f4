"""A metric of pictures over a clip: of every frame, and then the mean.

In dB a frame that equals its reference has no finite value. As in libvmaf, where PSNR of 8 bits ends at 60 dB, no frame
counts for more than that; a clip that equals its reference in every frame stays infinite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from metrics.sequence.frames import Frames, check_output_frames, check_reference_frames

if TYPE_CHECKING:
    from metrics.metric import Metric

MOST_DB: Final = 60.0
"""6 bits a level and 12 dB (libvmaf, integer_psnr.c: psnr_max = 6 · bits + 12)."""


@dataclass(frozen=True)
class PreparedFrames:
    """A reference clip. Its frames are prepared one after the other: all together would not fit into memory."""

    metric: Metric
    reference: Frames
    most: float | None

    def score(self, output: Frames) -> float:
        """Mean over the frames; infinite where every frame is."""
        check_output_frames(self.reference, output)
        values = [self.metric.prepare(wanted).score(made) for wanted, made in zip(self.reference, output, strict=True)]
        if all(math.isinf(value) for value in values):
            return values[0]
        most = math.inf if self.most is None else self.most
        return math.fsum(min(value, most) for value in values) / len(values)


class FrameMean:
    """A metric of pictures, over clips."""

    def __init__(self, metric: Metric, unit: str) -> None:
        """`unit` is the metric's."""
        self._metric, self._most = metric, MOST_DB if unit == "dB" else None

    def prepare(self, reference: Frames) -> PreparedFrames:
        """Keep the reference, checked."""
        check_reference_frames(reference)
        return PreparedFrames(self._metric, reference, self._most)

    def describe(self) -> str:
        """How the number is computed."""
        most = f", each counted up to {self._most:g} dB" if self._most is not None else ""
        return f"{self._metric.describe()}; mean over the frames of a clip{most}"
