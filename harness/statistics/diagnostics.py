"""What can be wrong with paired differences though an interval comes out: each check returns a finding or None.

Thresholds are set so that each check alone is silent on about 99 of 100 clean runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats, estimate_mean, lag_1_autocorrelation

_ALPHA = 0.01
_SMALLEST_GROUP = 3
_FEWEST = 8  # below this many pairs a trend or two levels cannot be told from chance


@dataclass(frozen=True)
class Trend:
    """Differences moved along the run by `total` from the first pair to the last (least squares)."""

    total: float
    p_value: float


@dataclass(frozen=True)
class Dependence:
    """Each difference resembles the one before it, by the lag-1 `autocorrelation`."""

    autocorrelation: float
    p_value: float


@dataclass(frozen=True)
class PositionEffect:
    """Differences depend on which arm went first: candidate-first minus baseline-first."""

    difference: float
    p_value: float


@dataclass(frozen=True)
class TwoLevels:
    """Values fall into two groups, such as two clock frequencies. `low` and `high` are the groups' means."""

    low: float
    high: float
    share_high: float


@dataclass(frozen=True)
class Stretches:
    """Values lie at two levels, and stay at each for stretches of time. `low`, `high`: the groups' means; `is_high`: of
    shape (n,).
    """

    low: float
    high: float
    is_high: np.ndarray


def find_trend(values: Floats, alpha: float = _ALPHA, fewest: int = _FEWEST) -> Trend | None:
    """A straight-line trend of shape (n,) in time order, by the t-test of its slope at 1 %, or at `alpha`; None below
    eight values, or the `fewest` ≥ 3 that are enough.
    """
    n = values.size
    if n < fewest:
        return None
    time = np.arange(n) - (n - 1) / 2.0
    slope = float(np.dot(time, values) / np.dot(time, time))
    residual = values - values.mean() - slope * time
    variance = float(np.dot(residual, residual)) / (n - 2)
    if variance == 0.0:
        return None if slope == 0.0 else Trend(slope * (n - 1), 0.0)
    from scipy.special import stdtr

    statistic = abs(slope) / math.sqrt(variance / float(np.dot(time, time)))
    p_value = 2.0 * float(stdtr(n - 2, -statistic))
    return Trend(slope * (n - 1), p_value) if p_value < alpha else None


def find_dependence(values: Floats) -> Dependence | None:
    """Values of shape (n,) in time order whose neighbours resemble each other: r above chance, one-sided at 1 %, of the
    values and of their ranks (a few values far away, next to each other by chance, make a large r but for ranks).

    Of independent values r has the mean −1/n and, Gaussian ones, the standard deviation (n − 2)/(n·√(n − 1)) (Moran
    1948, "Some theorems on time series II"); it is taken as Gaussian, which between 8 and 100 values is wrong by less
    than 0.3 percentage points. Few values hide much: an AR(1) of .6 is found 13 times in 100 with ten, 75 with thirty.
    """
    n = values.size
    if n < _FEWEST or float(np.ptp(values)) == 0.0:
        return None
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)
    found = lag_1_autocorrelation(values)
    p_value = max(_dependence_p(found, n), _dependence_p(lag_1_autocorrelation(ranks), n))
    return Dependence(found, p_value) if p_value < _ALPHA else None


def _dependence_p(found: float, n: int) -> float:
    from scipy.special import ndtr

    return float(ndtr(-(found + 1.0 / n) * n * math.sqrt(n - 1) / (n - 2)))


def find_position_effect(differences: Floats, candidate_first: np.ndarray) -> PositionEffect | None:
    """Welch's t-test at 1 % between pairs where the candidate went first and the others; both need three pairs."""
    first, second = differences[candidate_first], differences[~candidate_first]
    if first.size < 3 or second.size < 3:
        return None
    one, other = estimate_mean(first), estimate_mean(second)
    parts = ((one.sd or 0.0) ** 2 / one.n, (other.sd or 0.0) ** 2 / other.n)
    if sum(parts) == 0.0:
        return None
    freedom = sum(parts) ** 2 / sum(part**2 / (n - 1) for part, n in zip(parts, (one.n, other.n), strict=True))
    from scipy.special import stdtr

    difference = one.mean - other.mean
    p_value = 2.0 * float(stdtr(freedom, -abs(difference) / math.sqrt(sum(parts))))
    return PositionEffect(difference, p_value) if p_value < _ALPHA else None


def find_two_levels(values: Floats, *, least_gap: float) -> TwoLevels | None:
    """Two groups that are far apart for their own spread: a best split in two with Ashman's D above 5.

    D = |μ₁ − μ₂|/√((s₁² + s₂²)/2) of a best split is about 2.7 for one Gaussian and 3.5 for an even spread (a drift).
    Each group holds at least 15 % of the values, and their means are at least `least_gap` apart (the smallest distance
    that matters, on the scale of `values`).
    """
    found = _split(values, max(_SMALLEST_GROUP, math.ceil(0.15 * values.size)), least_gap)
    return None if found is None else TwoLevels(found.low, found.high, float(found.is_high.mean()))


def find_stretches(values: Floats, *, least_gap: float) -> Stretches | None:
    """Two levels, as `find_two_levels` but of three values or more each, that follow each other in fewer runs than
    chance makes of them: 1 in 100, by Wald & Wolfowitz's runs (1940), whose number is taken as Gaussian.
    """
    found = _split(values, _SMALLEST_GROUP, least_gap)
    if found is None:
        return None
    from scipy.special import ndtr

    n, high = values.size, int(found.is_high.sum())
    runs = 1 + int(np.count_nonzero(found.is_high[1:] != found.is_high[:-1]))
    product = 2.0 * high * (n - high)
    variance = product * (product - n) / (n**2 * (n - 1.0))
    # Half a run more, since their number is whole.
    p_value = float(ndtr((runs + 0.5 - product / n - 1.0) / math.sqrt(variance)))
    return found if p_value < _ALPHA else None


def _split(values: Floats, smallest: int, least_gap: float) -> Stretches | None:
    """The best split in two groups of at least `smallest`, if they are far apart."""
    n = values.size
    if n < _FEWEST or n < 2 * smallest:
        return None
    ordered = np.sort(values)
    centred = ordered - ordered.mean()
    sums, counts = np.cumsum(centred), np.arange(1, n + 1)
    # Between the groups, which is the more the less there is within them.
    splits = slice(smallest - 1, n - smallest)
    between = sums[splits] ** 2 * (1.0 / counts[splits] + 1.0 / (n - counts[splits]))
    at = smallest + int(np.argmax(between))
    low, high = ordered[:at], ordered[at:]
    gap = float(high.mean() - low.mean())
    spread = math.sqrt((float(low.var(ddof=1)) + float(high.var(ddof=1))) / 2.0)
    if gap < least_gap or gap <= 5.0 * spread:
        return None
    return Stretches(float(low.mean()), float(high.mean()), values >= high[0])
