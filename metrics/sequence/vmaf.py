"""VMAF of clips, by libvmaf in ffmpeg."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.sequence.ffmpeg import LOG, compared, ffmpeg_version, find_ffmpeg
from metrics.sequence.frames import Frames, check_output_frames, check_reference_frames

_FEWEST_FRAMES: Final = 2
_SMALLEST: Final = 32
"""Pixels on a side; below them libvmaf's coarsest scale has nothing left."""


@dataclass(frozen=True)
class PreparedVmaf:
    """A reference clip; libvmaf computes nothing ahead."""

    reference: Frames
    metric: Vmaf

    def score(self, output: Frames) -> float:
        """Mean over the frames, 0..100; an identical clip has a little less than 100."""
        check_output_frames(self.reference, output)
        return self.metric.mean(self.reference, output)


class Vmaf:
    """Video multi-method assessment fusion (Li et al. 2016), with a model by the name that libvmaf has for it."""

    def __init__(self, model: str, settings: MetricSettings, *, smallest: int = _SMALLEST) -> None:
        """`smallest`: pixels on a side that the model needs. Raises MetricUnavailableError where there is no ffmpeg."""
        self._program = find_ffmpeg("VMAF")
        self._model, self._threads = model, settings.threads or 0
        self._version, self._smallest = ffmpeg_version(self._program), smallest

    def prepare(self, reference: Frames) -> PreparedVmaf:
        """Keep the reference, checked."""
        check_reference_frames(reference, _FEWEST_FRAMES)
        if min(reference.shape[1:3]) < self._smallest:
            raise MetricInputError(
                f"the clip is {reference.shape[1]} × {reference.shape[2]} pixels: VMAF needs at least {self._smallest}"
                f" × {self._smallest}"
            )
        return PreparedVmaf(reference, self)

    def mean(self, reference: Frames, output: Frames) -> float:
        """Mean over the frames of an output against a reference."""
        comparing = f"libvmaf=model='version={self._model}':log_fmt=json:log_path={LOG}:n_threads={self._threads}"
        said = compared(self._program, comparing, reference, output)
        try:
            return float(json.loads(said)["pooled_metrics"]["vmaf"]["mean"])
        except (ValueError, KeyError, TypeError) as error:
            raise MetricInputError(f"libvmaf wrote no score that can be read: {error!r}"[:200]) from None

    def describe(self) -> str:
        """Model and program."""
        model = self._model.replace("\\", "")
        return f"VMAF, model {model}, BT.709 4:2:0 in 8 bits, mean over the frames of a clip (ffmpeg {self._version})"
