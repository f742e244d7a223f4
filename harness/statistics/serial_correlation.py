"""How much neighbouring nights are alike, and how much less a mean of them knows for it.

A night's value is taken as a part of its own and a part that wanders: correlations are g·φʲ at a distance of j nights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.statistics.estimate import Floats

_MOST: Final = 0.95
_CAUTION: Final = 0.3
"""Added over √n to what n values say: few of them hide that they are alike."""


@dataclass(frozen=True)
class SerialCorrelation:
    """Correlations of values j nights apart: `share`·`memory`ʲ."""

    share: float
    memory: float

    def inflation(self, count: Floats) -> Floats:
        """The variance of a mean of so many neighbouring values over that of as many independent ones, at least 1."""
        memory = self.memory
        sums = memory / (1.0 - memory) - memory * (1.0 - memory**count) / (count * (1.0 - memory) ** 2)
        return np.maximum(1.0 + 2.0 * self.share * sums, 1.0)


INDEPENDENT: Final = SerialCorrelation(0.0, 0.0)


def pooled_serial_correlation(residuals: Sequence[Floats]) -> SerialCorrelation:
    """Of several series' residuals about their own means, each of shape (n,) in order, n ≥ 4. Lags 1 and 2 tell both
    parts; each estimate is freed of its bias, (1 + 3r)/n, and told no smaller than chance allows.
    """
    if not residuals:
        return INDEPENDENT
    squares = sum(float(each @ each) for each in residuals)
    count = sum(each.size for each in residuals)
    if squares <= 0.0:
        return INDEPENDENT
    bias = len(residuals) / count
    lags = []
    for lag in (1, 2):
        products = sum(float(each[:-lag] @ each[lag:]) for each in residuals)
        raw = products / squares * count / (count - lag * len(residuals))
        lags.append(raw + (1.0 + 3.0 * max(raw, 0.0)) * bias)
    first = min(_MOST, max(0.0, lags[0] + _CAUTION / np.sqrt(count)))
    if first == 0.0:
        return INDEPENDENT
    # With little to go by, lag 2 is what lag 1 alone would make of it.
    second = max(lags[1], first**2)
    memory = min(_MOST, max(first, second / first))
    return SerialCorrelation(min(1.0, first / memory), memory)
