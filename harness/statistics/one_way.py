"""A one-way layout: how far values spread within groups, and groups among each other (analysis of variance)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.estimate import Floats


@dataclass(frozen=True)
class OneWay:
    """Mean squares, of `values` in `groups`."""

    between: float
    """MSB = Σ nᵢ·(meanᵢ − mean)²/(g − 1)."""
    within: float
    """MSW, the pooled variance within groups."""
    typical_size: float
    """k₀ = (n − Σnᵢ²/n)/(g − 1), the size of groups of equal size."""
    groups: int
    values: int


def one_way(values: Floats, groups: NDArray[np.generic]) -> OneWay | None:
    """Values of shape (n,) and what group each is of; None below two groups, or where no group has two values."""
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    n, count = values.size, sizes.size
    if count < 2 or n == count:
        return None
    means = np.bincount(place, weights=values) / sizes
    return OneWay(
        between=float((sizes * (means - values.mean()) ** 2).sum()) / (count - 1),
        within=float(((values - means[place]) ** 2).sum()) / (n - count),
        typical_size=(n - float((sizes.astype(np.float64) ** 2).sum()) / n) / (count - 1),
        groups=count,
        values=n,
    )
