"""Whether values of one group resemble each other: the intraclass correlation of a one-way layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats
from harness.statistics.one_way import one_way


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
    found = one_way(values, groups.astype(str))
    if found is None or found.within == 0.0:
        return None
    from scipy.special import fdtrc

    correlation = (found.between - found.within) / (found.between + (found.typical_size - 1.0) * found.within)
    p_value = float(fdtrc(found.groups - 1, found.values - found.groups, found.between / found.within))
    return Intraclass(max(correlation, 0.0), p_value, found.groups)
