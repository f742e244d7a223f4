"""A mean of replicates with its uncertainty, and the t statistics that follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Differences that agree to this fraction of their size are equal but for floating point.
_ROUNDING = 1e-12
# Of the standard error 1/√n of a lag-1 autocorrelation, added to it: see `estimate_series_mean`.
_CAUTION = 0.3
_MOST_ALIKE = 0.95


@dataclass(frozen=True)
class Estimate:
    """The mean of `n` replicates.

    `sd` is their standard deviation (n − 1 in the denominator), None for a single replicate. `effective_n` is smaller
    than `n` where replicates are not independent. `exact` marks a value that was counted, not sampled (the size of a
    file): it has no uncertainty.
    """

    mean: float
    sd: float | None
    n: int
    effective_n: float
    exact: bool = False

    @property
    def is_anytime(self) -> bool:
        """Whether the interval holds at several looks together, any of which could have ended the run."""
        return False

    @property
    def standard_error(self) -> float | None:
        """Of the mean; None for one replicate, 0 for an exact value."""
        if self.exact:
            return 0.0
        return None if self.sd is None else self.sd / math.sqrt(self.effective_n)

    @property
    def degrees_of_freedom(self) -> float:
        """Of the t distribution: n − 1, or the effective number where that is smaller; at least 1."""
        return max(min(self.n - 1.0, self.effective_n), 1.0)

    def critical_value(self, level: float) -> float:
        """Half-width of the two-sided interval in standard errors."""
        from scipy.special import stdtrit

        return float(stdtrit(self.degrees_of_freedom, (1.0 + level) / 2.0))

    def negated(self) -> Estimate:
        """The same estimate with its sign turned."""
        return Estimate(-self.mean, self.sd, self.n, self.effective_n, self.exact)

    def interval(self, level: float) -> tuple[float, float] | None:
        """Two-sided t interval, mean ± t·s/√n; None for one replicate.

        Each end alone is a one-sided bound at (1 + level)/2.
        """
        error = self.standard_error
        if error is None:
            return None
        if error == 0.0:
            return self.mean, self.mean
        half_width = self.critical_value(level) * error
        return self.mean - half_width, self.mean + half_width

    def p_at_most(self, bound: float) -> float | None:
        """One-sided p-value of the hypothesis that the true mean is ≤ `bound`: small where it is clearly above."""
        error = self.standard_error
        if error is None:
            return None
        distance = self.mean - bound
        if error == 0.0:
            return 1.0 if distance <= _ROUNDING * max(1.0, abs(bound)) else 0.0
        from scipy.special import stdtr

        return float(stdtr(self.degrees_of_freedom, -distance / error))

    def p_at_least(self, bound: float) -> float | None:
        """One-sided p-value of the hypothesis that the true mean is ≥ `bound`: small where it is clearly below."""
        return self.negated().p_at_most(-bound)


def estimate_mean(values: Floats) -> Estimate:
    """Mean of independent replicates, shape (n,), float64, finite. Raises ValueError where there are none.

    A spread that is nothing but floating-point rounding counts as zero.
    """
    if values.size == 0:
        msg = "no replicates"
        raise ValueError(msg)
    mean = float(values.mean())
    if values.size == 1:
        return Estimate(mean, None, 1, 1.0)
    sd = float(values.std(ddof=1))
    if sd <= _ROUNDING * float(np.abs(values).max()):
        sd = 0.0
    return Estimate(mean, sd, int(values.size), float(values.size))


def estimate_series_mean(values: Floats) -> Estimate:
    """Mean of replicates in time order, shape (n,), whose neighbours resemble each other.

    The effective number is n·(1 − r)/(1 + r) for a lag-1 autocorrelation r > 0, the usual first-order correction for a
    mean of a series, and counts as the degrees of freedom too: a device that warms up over the run makes an arm's own
    level uncertain, however many blocks there are. The r of few values is too small by about (1 + 3r)/n (Kendall 1954;
    Marriott & Pope 1954), which is added; so is 0.3/√n, three tenths of its standard error, since an r that is too
    small by chance costs more coverage than one that is too large gives back. Coverage was simulated:
    docs/check-the-statistics.md. Differences within pairs need no such correction.
    """
    plain = estimate_mean(values)
    if plain.sd is None or plain.sd == 0.0:
        return plain
    n = plain.n
    found = lag_1_autocorrelation(values)
    alike = min(max(found + (1.0 + 3.0 * found) / n + _CAUTION / math.sqrt(n), 0.0), _MOST_ALIKE)
    return Estimate(plain.mean, plain.sd, n, max(n * (1.0 - alike) / (1.0 + alike), 2.0))


def lag_1_autocorrelation(values: Floats) -> float:
    """r of values of shape (n,) in time order, about their mean; 0 where they are all the same."""
    centred = values - values.mean()
    square = float(np.dot(centred, centred))
    return float(np.dot(centred[1:], centred[:-1])) / square if square > 0.0 else 0.0
