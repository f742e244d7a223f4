"""How many items a margin needs, from the paired differences of a few: what decides is how much the differences of two
builds vary from item to item, and not how much the items do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.statistics.power import MOST

if TYPE_CHECKING:
    from harness.statistics.estimate import Floats

FEWEST_SEEN = 6
"""A spread of fewer differences than this is no guide."""


def items_needed(differences: Floats, margin: float) -> int | None:
    """The fewest n with (t.95 + t.80)·s/√n ≤ `margin` (n − 1 degrees of freedom): so many items show, 80 % of the time,
    that a candidate that is as good as the baseline loses no more than `margin` (> 0), by a one-sided 95 % bound.

    `differences` of shape (m,) are those of a few items that stand for all. 2 where they do not vary; None for fewer
    than `FEWEST_SEEN` of them, and where it is more than `MOST`.
    """
    if differences.size < FEWEST_SEEN or margin <= 0.0:
        return None
    spread = float(differences.std(ddof=1))
    low, high = 1, MOST + 1  # too few, and enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_enough(middle, spread, margin) else (middle, high)
    return None if high > MOST else high


def _is_enough(n: int, spread: float, margin: float) -> bool:
    from scipy.special import stdtrit

    return n >= 2 and float(stdtrit(n - 1, 0.95) + stdtrit(n - 1, 0.80)) * spread / n**0.5 <= margin
