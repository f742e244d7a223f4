"""Flicker: what changes from frame to frame in an output and not in its reference, along the reference's own motion.

With the error e = output − reference of luma and the motion F from frame t+1 back to t in the reference, it is the root
mean square of e(t+1) − e(t) warped by F: a fault that moves with what is seen gives nothing, one that comes and goes
gives its size. Motion is the reference's own (OpenCV's DIS optical flow, preset medium, of luma), and pixels whose
motion there and back does not agree (Sundaram, Brox, Keutzer 2010: occlusions) or that come from beyond the edge are
left out, and so are frames that do not look like the one before along that motion, as across a cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from metrics.errors import MetricInputError
from metrics.sequence.frames import Frames, check_output_frames, check_reference_frames

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALLEST_PX: Final = 16
"""The smallest height and width that the flow is computed of."""
_LEAST_SEEN: Final = 0.2
"""The smallest share of pixels that two frames must have in common to be compared: across a cut they have none."""
_MOST_APART: Final = 25.0
"""The largest difference of two frames of the reference along their motion, RMS in levels: beyond it the motion was not
found.
"""


@dataclass(frozen=True)
class PreparedFlicker:
    """A reference clip; its motion is computed anew for each output: kept, it would be eight times the clip."""

    reference: Frames

    def score(self, output: Frames) -> float:
        """Root mean square in levels of 255, over all pixels that can be followed and all frames."""
        import numpy as np

        check_output_frames(self.reference, output)
        total, count = 0.0, 0
        before = _luma(self.reference[0])
        error_before = _luma(output[0]) - before
        for wanted, made in zip(self.reference[1:], output[1:], strict=True):
            after = _luma(wanted)
            error_after = _luma(made) - after
            back, seen = _motion(before, after)
            if np.mean(seen) >= _LEAST_SEEN and _rms((after - _warped(before, back))[seen]) <= _MOST_APART:
                change = (error_after - _warped(error_before, back))[seen]
                total += float(np.sum(np.square(change, dtype=np.float64)))
                count += int(seen.sum())
            before, error_before = after, error_after
        if count == 0:
            raise MetricInputError("no frame of the clip can be followed into the next")
        return math.sqrt(total / count)


class Flicker:
    """The temporal change of an output's error along the reference's motion."""

    def prepare(self, reference: Frames) -> PreparedFlicker:
        """Keep the reference, checked."""
        check_reference_frames(reference, fewest=2)
        if min(reference.shape[1:3]) < SMALLEST_PX:
            raise MetricInputError(f"frames of less than {SMALLEST_PX} pixels a side have no motion to follow")
        return PreparedFlicker(reference)

    def describe(self) -> str:
        """How the number is computed."""
        import cv2

        return (
            "RMS of the change of the luma error from frame to frame along the reference's motion, levels of 255; "
            f"DIS optical flow (OpenCV {cv2.__version__}, medium), occlusions left out"
        )


def _rms(values: NDArray[np.float32]) -> float:
    import numpy as np

    return math.sqrt(float(np.mean(np.square(values, dtype=np.float64))))


def _luma(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """BT.601 over the full range, float32 (height, width)."""
    import numpy as np

    if frame.ndim == 2:
        return frame.astype(np.float32)
    return frame.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _motion(before: NDArray[np.float32], after: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """For each pixel of `after` where it was, as (x, y) to be added; and whether that is to be believed."""
    import cv2
    import numpy as np

    first, second = (np.clip(np.rint(each), 0, 255).astype(np.uint8) for each in (before, after))
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back = np.asarray(flow.calc(second, first, None), dtype=np.float32)  # type: ignore[call-overload]
    forth = np.asarray(flow.calc(first, second, None), dtype=np.float32)  # type: ignore[call-overload]
    there = np.stack([_warped(forth[..., axis], back) for axis in (0, 1)], axis=-1)
    apart = np.sum((back + there) ** 2, axis=-1)
    bound = 0.01 * (np.sum(back**2, axis=-1) + np.sum(there**2, axis=-1)) + 0.5
    x, y = _places(back)
    height, width = before.shape
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    seen: NDArray[np.bool_] = (apart <= bound) & inside
    return back, seen


def _places(back: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    import numpy as np

    rows, columns = np.indices(back.shape[:2], dtype=np.float32)
    return columns + back[..., 0], rows + back[..., 1]


def _warped(values: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.float32]:
    import cv2
    import numpy as np

    x, y = _places(back)
    moved = cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)
