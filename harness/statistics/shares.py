"""A share of items: Clopper-Pearson's exact interval, also where items come in groups that resemble each other.

The t interval of zeros and ones has no width where all are alike, and is too narrow near 0 and 1: of 100 items that
are all right it would say that every item is. Where items are crops of scenes, counts are divided by the design effect
(Rao & Scott 1992, "A simple method for the analysis of clustered binary data", Biometrics 48).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Estimate, Floats

EXACT_METHOD = "Clopper-Pearson"


@dataclass(frozen=True)
class ShareEstimate(Estimate):
    """The share of `count` in `effective_n`, times `unit`. `sd` is √n times half the 95 % interval in normal quantiles,
    so that it is never 0.
    """

    count: float = 0.0
    """After the division by the design effect; ≤ `effective_n`."""
    unit: float = 1.0
    """What a share of 1 is: 100 for per cent; negative once the sign was turned."""

    def negated(self) -> ShareEstimate:
        """The same estimate with its sign turned."""
        return ShareEstimate(-self.mean, self.sd, self.n, self.effective_n, count=self.count, unit=-self.unit)

    def interval(self, level: float) -> tuple[float, float] | None:
        """Two-sided and exact: each end alone is a one-sided bound at (1 + level)/2."""
        ends = sorted(self.unit * end for end in _bounds(self.count, self.effective_n, (1.0 - level) / 2.0))
        return ends[0], ends[1]

    def p_at_most(self, bound: float) -> float | None:
        """One-sided exact binomial p-value of the hypothesis that the true value is ≤ `bound`."""
        share = bound / self.unit
        if self.unit > 0.0:
            return _at_least_as_many(self.count, self.effective_n, share)
        return _at_least_as_many(self.effective_n - self.count, self.effective_n, 1.0 - share)


def estimate_share(right: Floats, groups: Floats | None = None, unit: float = 100.0) -> ShareEstimate:
    """The share of ones among `right`, shape (n,) of 0 and 1. `groups`, shape (n,), says which resemble each other;
    None where each stands for itself. Raises ValueError where there are none.
    """
    count, n = float(right.sum()), right.size
    if n == 0:
        msg = "no items"
        raise ValueError(msg)
    number = n if groups is None else np.unique(groups).size
    effective = float(n) if groups is None else n / design_effect(right, groups)
    scaled = count * effective / n
    low, high = _bounds(scaled, effective, 0.025)
    sd = abs(unit) * (high - low) / (2.0 * 1.959963984540054) * math.sqrt(effective)
    return ShareEstimate(unit * count / n, sd, number, effective, count=scaled, unit=unit)


def design_effect(values: Floats, groups: Floats) -> float:
    """By how much the variance of a mean of `values`, shape (n,), is larger than that of independent ones, at least 1:
    the ratio estimator's variance over groups against the variance of single values. Where all values are equal
    nothing can be seen, and each group counts as one value.
    """
    n = values.size
    _, place = np.unique(groups, return_inverse=True)
    sizes = np.bincount(place).astype(np.float64)
    number = sizes.size
    spread = float(values.var())
    if number == n:
        return 1.0
    most = n / number
    if spread == 0.0 or number < 2:
        return most
    residuals = np.bincount(place, weights=values) - sizes * values.mean()
    between = number / (number - 1.0) * float(np.dot(residuals, residuals)) / n**2
    return max(1.0, between / (spread / n))


def _bounds(count: float, n: float, tail: float) -> tuple[float, float]:
    """Lower and upper bound, each at 1 − `tail`."""
    from scipy.special import betaincinv

    low = float(betaincinv(count, n - count + 1.0, tail)) if count > 0.0 else 0.0
    high = float(betaincinv(count + 1.0, n - count, 1.0 - tail)) if count < n else 1.0
    return low, high


def _at_least_as_many(count: float, n: float, share: float) -> float:
    """P(K ≥ count) of n at a share: small where the share is clearly too low."""
    if count <= 0.0 or share >= 1.0:
        return 1.0
    if share <= 0.0:
        return 0.0
    from scipy.special import betainc

    return float(betainc(count, n - count + 1.0, share))
