"""Whether the frames of an input are those of its reference, in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SIDE: Final = 32
_AROUND: Final = 8
"""How many frames away another frame is looked for."""
_NEARER: Final = 0.25
"""Another frame is the right one where it is nearer by so much: of frames in order none is near another's."""
_LEAST: Final = 1.0
"""Mean squared difference, in levels of 255, below which frames cannot be told apart, as in a still."""


def misplaced_frames(given: NDArray[np.uint8], reference: NDArray[np.uint8]) -> dict[int, int]:
    """Frame of the input → frame of the reference that it is much nearer to than to its own, both counted from 1. Clips
    are uint8 (frames, height, width, 3) of any sizes.
    """
    import numpy as np

    small, large = (np.stack([_thumbnail(frame) for frame in clip]) for clip in (given, reference))
    found: dict[int, int] = {}
    for place in range(len(small)):
        begin, end = max(0, place - _AROUND), min(len(large), place + _AROUND + 1)
        distances = np.mean((large[begin:end] - small[place]) ** 2, axis=(1, 2))
        own, nearest = float(distances[place - begin]), int(np.argmin(distances))
        if own >= _LEAST and float(distances[nearest]) < _NEARER * own:
            found[place + 1] = begin + nearest + 1
    return found


def _thumbnail(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    import numpy as np
    from PIL import Image

    grey = Image.fromarray(frame, "RGB").convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(grey, dtype=np.float64)
