"""Outputs of a page held against the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

TOLERANCE: Final = 1e-3
"""The largest difference that passes, as a share of the largest magnitude in the reference's output: what 16-bit floats
in a GPU leave after some layers. One step of what is quantised passes too: what lies between two steps is rounded to
either.
"""
_MOST_LEVELS: Final = 256
_ON_A_GRID: Final = 1e-3


@dataclass(frozen=True)
class Difference:
    """Of all outputs together."""

    largest: float
    relative: float
    is_right: bool
    why: str | None
    """The difference in words, where they are not right."""


def compare(
    made: Sequence[Sequence[NDArray[np.generic]]], reference: Sequence[Sequence[NDArray[np.generic]]]
) -> Difference:
    """Outputs of each item, in the model's order."""
    largest = relative = 0.0
    for item, (ours, theirs) in enumerate(zip(made, reference, strict=True)):
        if len(ours) != len(theirs):
            return Difference(np.inf, np.inf, False, f"{len(ours)} outputs in place of {len(theirs)}")
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            if one.shape != other.shape:
                why = f"output {place} has the shape {list(one.shape)}, and the reference's {list(other.shape)}"
                return Difference(np.inf, np.inf, False, why)
            ahead, after = one.astype(np.float64), other.astype(np.float64)
            if not np.array_equal(np.isfinite(ahead), np.isfinite(after)):
                return Difference(np.inf, np.inf, False, f"output {place} holds values that are no finite numbers")
            finite = np.isfinite(after)
            difference = float(np.max(np.abs(ahead - after)[finite], initial=0.0))
            magnitude = float(np.max(np.abs(after[finite]), initial=0.0))
            share = difference / magnitude if magnitude > 0.0 else (0.0 if difference == 0.0 else np.inf)
            largest, relative = max(largest, difference), max(relative, share)
            if share > TOLERANCE and difference > _step(other) * (1.0 + _ON_A_GRID):
                why = f"output {place} of try {item + 1} differs by up to {difference:.3g} of {magnitude:.3g}"
                return Difference(largest, relative, False, why)
    return Difference(largest, relative, True, None)


def says_nothing(reference: Sequence[Sequence[NDArray[np.generic]]]) -> str | None:
    """Why no output can be held against these, or None: what equals a broken output is not thereby right."""
    arrays = [array for item in reference for array in item if array.size > 0]
    if not all(np.isfinite(array).all() for array in arrays):
        return "the reference itself holds values that are no finite numbers"
    if all(array.min() == array.max() == arrays[0].flat[0] for array in arrays):
        return "the reference puts out one number for whatever it is given"
    return None


def _step(reference: NDArray[np.generic]) -> float:
    """What two neighbouring values of a quantised output differ by; 0 for one whose values lie on no grid."""
    if reference.dtype.kind in "iu":
        return 1.0
    levels = np.unique(reference[np.isfinite(reference)]).astype(np.float64)
    if not 2 <= levels.size <= min(_MOST_LEVELS, reference.size // 2):
        return 0.0
    gaps = np.diff(levels)
    step = float(gaps.min())
    return step if bool(np.all(np.abs(gaps / step - np.round(gaps / step)) < _ON_A_GRID * gaps / step + 0.05)) else 0.0
