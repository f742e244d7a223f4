"""PSNR of a clip's worst frame: what a mean over the clip hides."""

from __future__ import annotations

from dataclasses import dataclass

from metrics.image.psnr import Psnr
from metrics.metric import MetricSettings
from metrics.sequence.frames import Frames, check_output_frames, check_reference_frames


@dataclass(frozen=True)
class PreparedWorstFrame:
    """A reference clip."""

    metric: Psnr
    reference: Frames

    def score(self, output: Frames) -> float:
        """The lowest PSNR of a frame, in dB; infinite where the clip equals its reference."""
        check_output_frames(self.reference, output)
        return min(self.metric.prepare(wanted).score(made) for wanted, made in zip(self.reference, output, strict=True))


class WorstFrame:
    """PSNR over all channels of the frame where it is lowest."""

    def __init__(self, settings: MetricSettings) -> None:
        self._metric = Psnr(settings)

    def prepare(self, reference: Frames) -> PreparedWorstFrame:
        """Keep the reference, checked."""
        check_reference_frames(reference)
        return PreparedWorstFrame(self._metric, reference)

    def describe(self) -> str:
        """How the number is computed."""
        return f"{self._metric.describe()}; the lowest of a clip's frames"
