"""Whether an output is off in one place of every picture: a damaged corner, a seam, a block that nobody wrote.

Both arms may share it, and a mean over a whole picture forgives it: a corner of one part in 64 that is wrong by 14
levels costs half a decibel. What a picture shows there is allowed for by plain bicubic's own error, and what padding
does at every edge by the other corners and edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

GRID = 8
"""Cells along each side of a picture."""
_SMALLEST_SIDE = 4 * GRID
_TIMES = 5.0
"""So many times what the error is elsewhere, of what plain bicubic's leads to expect. Sound models lie below 3.3, those
whose padding shows at the edges among them.
"""
_MOST_ITEMS = 0.75
_FEWEST_ITEMS = 6
_LEAST_ERROR = 4.0
"""Mean squared error in levels² of a cell below which nobody sees it."""


@dataclass(frozen=True)
class ErrorPlace:
    """Where the error of an arm's outputs lies, in every picture alike."""

    words: str
    """Such as `the upper left corner`."""
    times: float
    """How many times as large as elsewhere, of what plain bicubic leads to expect."""
    items: int
    of: int


def error_cells(picture: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """The mean squared error over all channels in each of GRID × GRID cells; None for a picture that is too small."""
    import numpy as np

    height, width = reference.shape[:2]
    if min(height, width) < _SMALLEST_SIDE:
        return None
    squared = np.square(picture.astype(np.float32) - reference.astype(np.float32)).mean(axis=2)
    rows, columns = ((np.arange(GRID) * side) // GRID for side in (height, width))
    sums = np.add.reduceat(np.add.reduceat(squared, rows, axis=0, dtype=np.float64), columns, axis=1)
    sizes = np.outer(np.diff([*rows, height]), np.diff([*columns, width]))
    return np.asarray(sums / sizes, dtype=np.float64)


def error_place(
    own: Sequence[NDArray[np.float64] | None], floor: Sequence[NDArray[np.float64] | None]
) -> ErrorPlace | None:
    """The cell in which an arm's outputs are off in nearly every picture, beside plain bicubic's of the same pictures;
    None where there is none, or there are too few pictures to tell.
    """
    import numpy as np

    both = [(mine, base) for mine, base in zip(own, floor, strict=True) if mine is not None and base is not None]
    if len(both) < _FEWEST_ITEMS:
        return None
    # Of a cell that bicubic reproduces exactly nothing can be expected: one squared level is added to both.
    ratios = np.stack([(mine + 1.0) / (base + 1.0) for mine, base in both])
    seen = np.stack([mine for mine, _ in both]) >= _LEAST_ERROR
    best: ErrorPlace | None = None
    for cells in _classes():
        for place in cells:
            others = [cell for cell in cells if cell != place]
            usual = np.median(np.stack([ratios[:, row, column] for row, column in others]), axis=0)
            times = ratios[:, place[0], place[1]] / usual
            often = (times >= _TIMES / 2.0) & seen[:, place[0], place[1]]
            middle = float(median(times))
            if middle >= _TIMES and often.mean() >= _MOST_ITEMS and (best is None or middle > best.times):
                best = ErrorPlace(_in_words(*place), middle, int(often.sum()), len(both))
    return best


def _classes() -> list[list[tuple[int, int]]]:
    """Cells that padding and content treat alike: corners, edges, and what lies inside."""
    cells = [(row, column) for row in range(GRID) for column in range(GRID)]
    ends = {0, GRID - 1}
    return [[cell for cell in cells if sum(side in ends for side in cell) == count] for count in (2, 1, 0)]


def _in_words(row: int, column: int) -> str:
    down = "upper" if row == 0 else "lower" if row == GRID - 1 else ""
    across = "left" if column == 0 else "right" if column == GRID - 1 else ""
    if down and across:
        return f"the {down} {across} corner"
    edge = {"upper": "top", "lower": "bottom"}.get(down, down) or across
    where = (
        f"{100 * (2 * column + 1) // (2 * GRID)} % from the left and {100 * (2 * row + 1) // (2 * GRID)} % from the top"
    )
    return f"the {edge} edge, {where}" if edge else f"one block, {where}"
