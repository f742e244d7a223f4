"""XPSNR of clips, by ffmpeg."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.sequence.ffmpeg import LOG, compared, ffmpeg_version, find_ffmpeg
from metrics.sequence.frames import Frames, check_output_frames, check_reference_frames

_FEWEST_FRAMES: Final = 2
"""Its weights come from how the picture changes from frame to frame: of one frame it means nothing."""
_AVERAGE: Final = re.compile(r"XPSNR average, \d+ frames\s+y: *(?P<luma>inf|\d+(\.\d+)?)")


@dataclass(frozen=True)
class PreparedXpsnr:
    """A reference clip; there is nothing to compute ahead."""

    reference: Frames
    metric: Xpsnr

    def score(self, output: Frames) -> float:
        """XPSNR of luma over the whole clip in dB; `inf` if luma is identical."""
        check_output_frames(self.reference, output)
        return self.metric.average(self.reference, output)


class Xpsnr:
    """Extended perceptually weighted PSNR (Helmrich et al. 2020) of luma."""

    def __init__(self, _: MetricSettings) -> None:
        """Raises MetricUnavailableError where there is no ffmpeg."""
        self._program = find_ffmpeg("XPSNR")
        self._version = ffmpeg_version(self._program)

    def prepare(self, reference: Frames) -> PreparedXpsnr:
        """Keep the reference, checked."""
        check_reference_frames(reference, _FEWEST_FRAMES)
        return PreparedXpsnr(reference, self)

    def average(self, reference: Frames, output: Frames) -> float:
        """Over the whole clip, of an output against a reference."""
        found = _AVERAGE.search(compared(self._program, f"xpsnr=stats_file={LOG}", reference, output))
        if found is None:
            raise MetricInputError("ffmpeg wrote no XPSNR that can be read")
        return float(found["luma"])

    def describe(self) -> str:
        """Convention and program."""
        return f"XPSNR of luma over a clip, BT.709 4:2:0 in 8 bits at 25 frames a second (ffmpeg {self._version})"
