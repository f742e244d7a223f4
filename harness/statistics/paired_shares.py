"""Two shares of the same items: how many more a candidate has right than the baseline, with Tango's score interval.

Only items that changed tell anything: `gained` (wrong before, right now) and `lost` (right before, wrong now). Tango
(1998, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
Statistics in Medicine 17) inverts the score test of a difference δ; at δ = 0 it is McNemar's. Of rules that a true
difference at the margin should meet 5 times in 100, it meets at most 6 (20 to 5,000 items, margins of 1 to 5 points, 0
to 10 % changed besides), where a t interval of the differences meets up to 82: with no item changed it has no width.
Wrongly broken are at most 8.3, with some three items lost in all; a t interval's 5. Chosen against Bonett & Price
(2012: met 7.7, broken 4.6) and Agresti & Min (2005: 13.3 and 5.0): tests/harness/statistics/test_paired_shares.py.

Where items come in groups that resemble each other, counts are divided by the design effect of their differences
(`harness.statistics.shares`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Estimate, Floats
from harness.statistics.shares import design_effect

METHOD = "Tango's score interval"
"""Begins the method of the interval of a difference of paired shares."""
MCNEMAR = "McNemar, exact"
_HALVINGS = 60


@dataclass(frozen=True)
class PairedShares(Estimate):
    """(gained − lost) / n, times `unit`, plus `offset`. `sd` is √n times half the 95 % interval in normal quantiles, so
    that it is never 0.
    """

    gained: float = 0.0
    lost: float = 0.0
    """Both after the division by the design effect."""
    unit: float = 1.0
    """What a share of 1 is: 100 for points."""
    offset: float = 0.0

    def negated(self) -> PairedShares:
        """The same estimate with its sign turned."""
        return PairedShares(
            -self.mean,
            self.sd,
            self.n,
            self.effective_n,
            gained=self.lost,
            lost=self.gained,
            unit=self.unit,
            offset=-self.offset,
        )

    def interval(self, level: float) -> tuple[float, float] | None:
        """Two-sided; each end alone is a one-sided bound at (1 + level)/2."""
        from scipy.special import ndtri

        quantile = float(ndtri((1.0 + level) / 2.0))
        low, high = (
            self._root(quantile, -1.0),
            -PairedShares(0.0, None, self.n, self.effective_n, gained=self.lost, lost=self.gained)._root(
                quantile, -1.0
            ),
        )
        return self.unit * low + self.offset, self.unit * high + self.offset

    def p_at_most(self, bound: float) -> float | None:
        """One-sided p-value of the hypothesis that the true difference is ≤ `bound`: that of the score test."""
        from scipy.special import ndtr

        difference = min(max((bound - self.offset) / self.unit, -1.0), 1.0)
        return float(ndtr(-self._score(difference)))

    def _root(self, quantile: float, outside: float) -> float:
        """The δ below the estimate at which the score is `quantile`."""
        inside = (self.gained - self.lost) / self.effective_n
        for _ in range(_HALVINGS):
            middle = (outside + inside) / 2.0
            if self._score(middle) > quantile:
                outside = middle
            else:
                inside = middle
        return (outside + inside) / 2.0

    def _score(self, difference: float) -> float:
        """The score statistic of δ, −1 ≤ δ ≤ 1: positive where more was gained."""
        n = self.effective_n
        excess = self.gained - self.lost - n * difference
        linear = -self.gained - self.lost + (2.0 * n - self.gained + self.lost) * difference
        constant = -self.lost * difference * (1.0 - difference)
        nuisance = (math.sqrt(max(linear**2 - 8.0 * n * constant, 0.0)) - linear) / (4.0 * n)
        variance = n * (2.0 * nuisance + difference * (1.0 - difference))
        if variance <= 0.0:
            return 0.0 if abs(excess) < 1e-12 else math.copysign(math.inf, excess)
        return excess / math.sqrt(variance)


def estimate_paired_shares(
    before: Floats, after: Floats, groups: Floats | None = None, *, unit: float = 100.0, offset: float = 0.0
) -> PairedShares:
    """The difference of the shares of ones in two arms of the same items, both of shape (n,), of 0 and 1. `groups`,
    shape (n,), says which items resemble each other; None where each stands for itself. Raises ValueError where there
    are none.
    """
    if before.size == 0:
        msg = "no items"
        raise ValueError(msg)
    differences = after - before
    n = differences.size
    number = n if groups is None else np.unique(groups).size
    effective = float(n) if groups is None else n / design_effect(differences, groups)
    share = effective / n
    known = PairedShares(
        unit * float(differences.mean()) + offset,
        None,
        number,
        effective,
        gained=share * float((differences > 0.0).sum()),
        lost=share * float((differences < 0.0).sum()),
        unit=unit,
        offset=offset,
    )
    low, high = known.interval(0.95) or (0.0, 0.0)
    sd = (high - low) / (2.0 * 1.959963984540054) * math.sqrt(effective)
    return PairedShares(
        known.mean,
        sd,
        number,
        effective,
        gained=known.gained,
        lost=known.lost,
        unit=unit,
        offset=offset,
    )


def mcnemar_p(gained: int, lost: int) -> float:
    """Two-sided exact p-value of no difference: of the items that changed each could as well have changed the other way
    (McNemar 1947, with the binomial distribution). 1 where none changed.
    """
    changed = gained + lost
    if changed == 0:
        return 1.0
    from scipy.special import bdtr

    return min(1.0, 2.0 * float(bdtr(min(gained, lost), changed, 0.5)))
