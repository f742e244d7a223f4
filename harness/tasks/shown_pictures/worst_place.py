"""Where on a picture the candidate loses most against the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_STEP = 4
"""Pixels that are summed before a square is looked for: it is found to within so many."""


def worst_place(
    reference: NDArray[np.uint8], baseline: NDArray[np.uint8], candidate: NDArray[np.uint8], side: int
) -> tuple[int, int, int] | None:
    """Left, top and side of the square where the candidate's squared error exceeds the baseline's most; where the
    candidate is nowhere further off, the square where its own error is largest. The side is at most `side`, and no
    more than the picture has.

    Args:
        reference: (height, width, 3), uint8, as the other two.
        baseline: what the baseline made.
        candidate: what the candidate made.
        side: in pixels.

    Returns:
        None where both are equal to the reference, or the three have not one shape.
    """
    if not reference.shape == baseline.shape == candidate.shape:
        return None
    of_candidate, of_baseline = _squared_error(candidate, reference), _squared_error(baseline, reference)
    loss = of_candidate - of_baseline
    if loss.max() <= 0:
        loss = of_candidate if of_candidate.any() else of_baseline
    if not loss.any():
        return None
    height, width = reference.shape[:2]
    side = min(side, height, width)
    top, left = _largest_square(loss, max(1, side // _STEP))
    return min(left * _STEP, width - side), min(top * _STEP, height - side), side


def _squared_error(made: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Summed over channels and over blocks of `_STEP` × `_STEP` pixels; those at the far edges may be smaller."""
    import numpy as np

    difference = made.astype(np.int32) - reference
    squared = np.einsum("hwc,hwc->hw", difference, difference)
    rows = np.add.reduceat(squared, np.arange(0, squared.shape[0], _STEP), axis=0, dtype=np.int64)
    return np.add.reduceat(rows, np.arange(0, squared.shape[1], _STEP), axis=1)


def _largest_square(values: NDArray[np.int64], side: int) -> tuple[int, int]:
    """Row and column where the sum over a square of so many values is largest; the first of several."""
    import numpy as np

    side = min(side, *values.shape)
    sums = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    of_squares = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    row, column = np.unravel_index(int(of_squares.argmax()), of_squares.shape)
    return int(row), int(column)
