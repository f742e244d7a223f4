"""Whether the tiles of a picture can be seen in it: steps in its error where tiles meet, and nowhere else.

The error against the reference is what is looked at, since the picture's own edges are no seams.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.image_to_image.tiling import Seam, Tiling

VISIBLE_STEP: Final = 1.0
"""Levels of 255 along a whole side of a tile: a straight line is seen where single pixels of that size are not."""
_TIMES_ELSEWHERE: Final = 1.5
"""A seam is this many times the largest step within tiles at least: content has lines too."""
_AROUND_PX: Final = 2
"""Pixels of the output on both sides of an overlap that are looked at too."""


def seam_step(picture: NDArray[np.uint8], reference: NDArray[np.uint8], tiling: Tiling, scale: int) -> float | None:
    """The largest step in levels of 255 where tiles of a picture meet; None where no seam stands out, or there is none.

    A step is the root mean square, over the sides of tiles along one line, of the mean change of the error across that
    line. It stands out where it is `VISIBLE_STEP` at least and half more than any within tiles. Both pictures
    are (height, width, 3), of one shape.
    """
    import numpy as np

    height, width = picture.shape[0] // scale, picture.shape[1] // scale
    error = picture.astype(np.float64).mean(axis=2) - reference.astype(np.float64).mean(axis=2)
    rows, columns = tiling.seams((height, width), scale)
    found = [
        step
        for turned, seams, across in ((error, rows, columns), (error.T, columns, rows))
        if (step := _step(turned, seams, across)) is not None
    ]
    return max(found, default=None)


def _step(error: NDArray[np.float64], seams: Sequence[Seam], across: Sequence[Seam]) -> float | None:
    """Between rows of the error at seams that run along rows; `across` are those that cut rows into tiles' sides."""
    import numpy as np

    if not seams:
        return None
    cuts = [0, *((each.begin + each.end) // 2 for each in across), error.shape[1]]
    change = np.diff(error, axis=0)
    sides = np.stack([change[:, begin:end].mean(axis=1) for begin, end in pairwise(cuts)])
    steps = np.sqrt(np.mean(sides**2, axis=0))  # of the line between row n and n + 1
    at_seam = np.zeros(steps.size, dtype=bool)
    for each in seams:
        at_seam[max(0, each.begin - 1 - _AROUND_PX) : each.end + _AROUND_PX] = True
    if at_seam.all():  # tiles overlap everywhere
        return None
    largest, elsewhere = float(steps[at_seam].max()), float(steps[~at_seam].max())
    return largest if largest >= max(VISIBLE_STEP, _TIMES_ELSEWHERE * elsewhere) else None
