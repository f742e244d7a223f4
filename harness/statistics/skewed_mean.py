"""A one-sided test of a mean that does not take a few large gains for a loss.

The t statistic of few skewed differences is itself skewed: where most items lose a little and one in ten gains much,
the sample's mean and its spread are both too small whenever the gains are missed, and t calls that a loss. Hall's
transformation (1992, J. R. Statist. Soc. B 54: 221) takes the skewness out of t and is monotone; the larger of both
p-values is used, so that a skewness that was seen by chance never makes a claim.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.statistics.estimate import Estimate, Floats


def skewness(values: Floats) -> float:
    """The third central moment, unbiased, over the cube of the standard deviation; 0 for fewer than three values of
    shape (n,), or where they are all the same.
    """
    n = values.size
    if n < 3:
        return 0.0
    centred = values - values.mean()
    spread = math.sqrt(float((centred**2).sum()) / (n - 1))
    if spread <= 1e-12 * float(abs(values).max()):
        return 0.0
    return float((centred**3).sum()) * n / ((n - 1) * (n - 2)) / spread**3


def p_at_least(estimate: Estimate, skew: float, bound: float) -> float | None:
    """One-sided p-value of the hypothesis that the true mean is ≥ `bound`: small where it is clearly below.

    `skew` is the skewness of the replicates that `estimate` is of. None for a single replicate.
    """
    plain = estimate.p_at_least(bound)
    if plain is None or not estimate.sd or skew == 0.0:
        return plain
    from scipy.special import stdtr

    distance, n = (estimate.mean - bound) / estimate.sd, estimate.effective_n
    cube = skew * skew * distance**3 / 27.0
    moved = distance + skew * distance * distance / 3.0 + cube + skew / (6.0 * n)
    return max(plain, float(stdtr(estimate.degrees_of_freedom, math.sqrt(n) * moved)))
