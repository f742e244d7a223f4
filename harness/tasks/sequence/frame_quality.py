"""PSNR frame by frame, and frames that stand out in it: what the mean over a clip hides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from harness.tasks.image_to_image.other_readings import psnr_db

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_DB: Final = 60.0
"""A frame that equals its reference counts as this."""
_AROUND: Final = 3
"""Frames before and after that a frame is held against."""
_BROKEN_DB: Final = 6.0
"""A frame that lies so far below those around it stands out: half the accuracy, amplitude for amplitude."""
_OF_CONTENT_DB: Final = 3.0
"""Where plain bicubic falls by this too, it is what is seen that is hard, and not the frame that is broken."""


@dataclass(frozen=True)
class BrokenFrame:
    """A frame that stands out, counted from 1."""

    number: int
    psnr_db: float
    around_db: float
    """Median of the frames around it."""


def frame_psnr_db(made: NDArray[np.uint8], reference: NDArray[np.uint8]) -> list[float]:
    """Of each frame, over all channels, 60 dB at most. Raises `metrics.errors.MetricInputError` for other shapes."""
    return [min(psnr_db(one, other), MOST_DB) for one, other in zip(made, reference, strict=True)]


def broken_frames(own: Sequence[float], floor: Sequence[float]) -> list[BrokenFrame]:
    """Frames far below those around them, of which plain bicubic (`floor`) does not tell as much."""
    return [
        BrokenFrame(place + 1, own[place], around)
        for place in range(len(own))
        if (around := _around(own, place)) - own[place] >= _BROKEN_DB
        and _around(floor, place) - floor[place] < _OF_CONTENT_DB
    ]


def _around(values: Sequence[float], place: int) -> float:
    near = [*values[max(0, place - _AROUND) : place], *values[place + 1 : place + 1 + _AROUND]]
    return median(near) if near else -math.inf
