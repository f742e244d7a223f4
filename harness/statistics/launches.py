"""The mean of differences that were measured in several launches (fresh processes of both arms): the launch is what is
counted, by the mean of its differences (Kalibera & Jones 2013, "Rigorous benchmarking in reasonable time").

The standard error is that of the launches' means, made wider for two faults that few means do not show by themselves:

- neighbouring differences resemble each other (Moran's test, one-sided at 10 %): it is at least s·√((1 + r)/(1 − r)/n)
  of the n differences, and at least that of the launches times √((1 + r)/(1 − r)) of their means, each r the lag-1
  autocorrelation freed of its bias of about −(1 + 3r)/n (Kendall 1954; Marriott & Pope 1954);
- they are skewed, as disturbances of one arm alone make them: times 1 + max(0, |g| − .5·√(30/n))/√n for their
  skewness g, which is about what the second term of the Cornish-Fisher expansion of t adds on the long side (Johnson
  1978, "Modified t tests and confidence intervals for asymmetrical populations").

What is wider has fewer effective replicates, and as few degrees of freedom. How often the intervals hold what is true
is simulated: docs/check-the-statistics.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.statistics.confidence_sequence import Look, SequentialEstimate, of_looks
from harness.statistics.estimate import Estimate, Floats, estimate_mean, lag_1_autocorrelation
from harness.statistics.one_way import one_way

Labels = NDArray[np.int64]

_ALIKE_Z = 1.2815515655446004
"""One-sided, 10 %: a test that misses what is there costs more than one that is too careful."""
_FEWEST_FOR_SHAPE = 8
"""Fewer differences show neither what neighbours share nor a skewness."""
_MOST_ALIKE = 0.95
_SKEWNESS_OF_CHANCE = 0.5
"""How far the skewness of 30 differences is from 0 by chance, about its standard deviation √(6/n)."""
_FEWEST_EFFECTIVE = 2.0


def launches_of(launches: ArrayLike, sessions: ArrayLike) -> Labels | None:
    """Which launch each pair or block is of, as numbers that differ: a runner that was restarted began a new one in the
    middle of a launch. None where they are of no launches.
    """
    launch, session = np.asarray(launches, dtype=np.int64), np.asarray(sessions, dtype=np.int64)
    if not launch.size or launch.min() < 0:
        return None
    _, labels = np.unique(np.stack([session, launch]), axis=1, return_inverse=True)
    return np.asarray(labels, dtype=np.int64).reshape(-1)


def launch_means(values: Floats, launches: Labels) -> Floats:
    """The mean of each launch's values, shape (launches,), in the order in which launches begin. `launches` gives each
    value's launch; shape of both (n,).
    """
    _, first, places = np.unique(launches, return_index=True, return_inverse=True)
    sums, counts = np.bincount(places, weights=values), np.bincount(places)
    return np.asarray((sums / counts)[np.argsort(first)], dtype=np.float64)


def estimate_launches(differences: Floats, launches: Labels) -> Estimate:
    """Mean over launches of their differences' means; `differences` of shape (n,) in time order, a launch together.

    Raises ValueError where there are none.
    """
    plain = estimate_mean(launch_means(differences, launches))
    return replace(plain, effective_n=_effective(differences, launches, plain))


def estimate_launches_sequentially(differences: Floats, launches: Labels, first_look: int) -> SequentialEstimate:
    """As `estimate_launches`, looked at after each launch from `first_look` ≥ 2 on."""
    plain = estimate_launches(differences, launches)
    if plain.sd is None:
        return SequentialEstimate(plain.mean, None, plain.n, plain.effective_n)
    ends = _ends_of_launches(launches)[max(first_look, 2) - 1 : -1]
    looks = [_look(estimate_launches(differences[:end], launches[:end])) for end in ends]
    return of_looks(plain, [*looks, _look(plain)])


@dataclass(frozen=True)
class Spreads:
    """Standard deviations on the scale of the differences."""

    between: float
    """By how much launches differ of themselves: the spread of their own true means; 0 where nothing is seen."""
    within: float
    """The spread of the differences within a launch."""

    def of_means(self, size: int) -> float:
        """The spread of the means of launches that have so many differences each."""
        return math.sqrt(self.between**2 + self.within**2 / size)


def spreads(differences: Floats, launches: Labels) -> Spreads | None:
    """By how much launches differ, and the differences within them (one-way analysis of variance, by moments).

    None for fewer than two launches, and where no launch has two differences.
    """
    found = one_way(differences, launches)
    if found is None:
        return None
    between = max(0.0, (found.between - found.within) / found.typical_size)
    return Spreads(math.sqrt(between), math.sqrt(found.within))


def _look(estimate: Estimate) -> Look:
    """The wider error counts as a wider spread of as many launches: from few of them their effective number is too
    rough to say that they bound nothing.
    """
    return Look(estimate.mean, (estimate.standard_error or 0.0) * math.sqrt(estimate.n), float(estimate.n))


def _ends_of_launches(launches: Labels) -> list[int]:
    return [*(np.flatnonzero(np.diff(launches) != 0) + 1).tolist(), launches.size]


def _effective(differences: Floats, launches: Labels, plain: Estimate) -> float:
    n = differences.size
    if plain.sd is None or plain.sd == 0.0 or n < _FEWEST_FOR_SHAPE:
        return plain.effective_n
    count = float(plain.n)
    wider = 1.0
    if _are_alike(differences):
        spread = float(differences.std(ddof=1)) * math.sqrt(_times_the_variance(differences) / n)
        among = math.sqrt(_times_the_variance(launch_means(differences, launches)))
        wider = max(1.0, among, spread / (plain.sd / math.sqrt(count)))
    wider *= 1.0 + _beyond_chance(differences) / math.sqrt(n)
    return max(count / wider**2, _FEWEST_EFFECTIVE)


def _are_alike(differences: Floats) -> bool:
    n = differences.size
    sd = (n - 2.0) / (n * math.sqrt(n - 1.0))
    return lag_1_autocorrelation(differences) + 1.0 / n > _ALIKE_Z * sd


def _times_the_variance(values: Floats) -> float:
    n, found = values.size, lag_1_autocorrelation(values)
    alike = min(max(found + (1.0 + 3.0 * found) / n, 0.0), _MOST_ALIKE)
    return (1.0 + alike) / (1.0 - alike)


def _beyond_chance(differences: Floats) -> float:
    centred = differences - differences.mean()
    skewness = float((centred**3).mean()) / float(differences.std()) ** 3
    return max(0.0, abs(skewness) - _SKEWNESS_OF_CHANCE * math.sqrt(30.0 / differences.size))
