"""What a clip must be to be compared frame by frame."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError

Frames: TypeAlias = NDArray[np.uint8]
"""uint8 (frames, height, width, 3) RGB, or (frames, height, width) grey."""


def check_reference_frames(reference: Frames, fewest: int = 1) -> None:
    """Raise `MetricInputError` where it is no clip of so many frames."""
    if reference.ndim not in {3, 4} or reference.dtype != np.uint8:
        raise MetricInputError(f"a clip is uint8 frames, not {reference.dtype} of shape {reference.shape}")
    if len(reference) < fewest:
        raise MetricInputError(f"the clip has {len(reference)} frame(s), and this takes {fewest}")


def check_output_frames(reference: Frames, output: Frames) -> None:
    """Raise `MetricInputError` where an output is not of the reference's shape and dtype."""
    if output.shape != reference.shape or output.dtype != reference.dtype:
        raise MetricInputError(
            f"the output is {output.dtype} of shape {output.shape}, its reference {reference.dtype} of"
            f" {reference.shape}"
        )
