"""Outputs of a page held against the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

TOLERANCE: Final = 1e-3
"""The largest difference that passes, as a share of the largest magnitude in the reference's output: what 16-bit floats
in a GPU leave after some layers. Of whole numbers one step passes too.
"""


@dataclass(frozen=True)
class Difference:
    """Of all outputs together."""

    largest: float
    relative: float
    is_right: bool
    why: str | None
    """In what they differ, where they are not right."""


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
            steps = 1.0 if other.dtype.kind in "iu" else 0.0
            if share > TOLERANCE and difference > steps:
                why = f"output {place} of try {item + 1} differs by up to {difference:.3g} of {magnitude:.3g}"
                return Difference(largest, relative, False, why)
    return Difference(largest, relative, True, None)
