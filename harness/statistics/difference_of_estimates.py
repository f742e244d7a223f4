"""An interval for the difference of two estimates that were measured apart, from their own intervals.

MOVER, the method of variance estimates recovery: Zou and Donner, Statistics in Medicine 27 (2008), 1693–1702,
equation (8). It keeps to intervals that are not symmetric. Both are of one level, which is the result's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """An estimate with its interval, in one unit (for ratios: their logarithms)."""

    value: float
    low: float
    high: float


def difference_of_estimates(one: Estimate, other: Estimate) -> Estimate:
    """`other` − `one`, in their unit. Where either is not finite, so is the result."""
    value = other.value - one.value
    below = math.hypot(other.value - other.low, one.high - one.value)
    above = math.hypot(other.high - other.value, one.value - one.low)
    return Estimate(value, value - below, value + above)
