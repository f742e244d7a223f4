"""Whether values of one group resemble each other: the intraclass correlation of a one-way layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats


@dataclass(frozen=True)
class Intraclass:
    """`correlation` is ICC(1), at least 0; `p_value` that of the F test of none."""

    correlation: float
    p_value: float
    groups: int


def intraclass(values: Floats, groups: np.ndarray) -> Intraclass | None:
    """Values of shape (n,) and what group each is of; None below two groups, or where no group has two values, or all
    values of every group are the same.

    ICC(1) = (MSB − MSW)/(MSB + (k₀ − 1)·MSW), with k₀ = (n − Σnᵢ²/n)/(g − 1) for groups of unequal size (Shrout &
    Fleiss 1979; Donner 1986), and F = MSB/MSW with g − 1 and n − g degrees of freedom.
    """
    _, place = np.unique(groups.astype(str), return_inverse=True)
    sizes = np.bincount(place).astype(np.float64)
    n, count = values.size, sizes.size
    if count < 2 or n == count:
        return None
    means = np.bincount(place, weights=values) / sizes
    within = float(((values - means[place]) ** 2).sum()) / (n - count)
    between = float((sizes * (means - values.mean()) ** 2).sum()) / (count - 1)
    if within == 0.0:
        return None
    from scipy.special import fdtrc

    typical = (n - float((sizes**2).sum()) / n) / (count - 1)
    correlation = (between - within) / (between + (typical - 1.0) * within)
    return Intraclass(max(correlation, 0.0), float(fdtrc(count - 1, n - count, between / within)), count)
