"""Which of a row of commits was the first bad one, by measurements that may be wrong: probabilistic bisection
(Horstein 1963; Waeber, Frazier & Henderson 2013). Every measurement makes each commit likelier or less likely to be
the first bad one; the next one measured splits what is left in halves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from harness.statistics.estimate import Floats

SURE: Final = 0.95
"""The search ends once the first bad commit is known with this probability."""
_MOST_ODDS: Final = 99.0
"""No single run makes a side likelier than by this: a whole run may be off."""


def log_odds_bad(effect: float, standard_error: float, degrees: float, whole: float) -> float:
    """How much likelier a measured effect is where the commit has the change than where it has not: a logarithm, at
    most ln 99 to either side, by Student's t of so many degrees of freedom. `whole` is the effect of the last commit;
    all are logarithms of ratios or differences.
    """
    none, all_of_it = effect / standard_error, (effect - whole) / standard_error
    raw = (degrees + 1.0) / 2.0 * (math.log1p(none**2 / degrees) - math.log1p(all_of_it**2 / degrees))
    limit = math.log(_MOST_ODDS)
    return min(limit, max(-limit, raw))


def first_bad_probabilities(count: int, evidence: Mapping[int, Sequence[float]]) -> Floats:
    """For `count` commits in order, of which the last is bad: the probability of each to be the first bad one, shape
    (count,). `evidence` are the log-odds of each commit that was measured to be a bad one.
    """
    logs = np.zeros(count)
    for index, all_odds in evidence.items():
        # It is bad where the first bad one is it or an earlier one.
        logs[: index + 1] += sum(all_odds)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def likely_range(probabilities: Floats, open_: Sequence[bool]) -> tuple[int, int]:
    """The first and the last of the commits that the first bad one is among with probability `SURE`, as few as can be
    told apart: a commit that cannot be measured (not `open_`) is told together with the next that can.
    """
    groups: list[tuple[int, int]] = []
    begin = 0
    for index, measurable in enumerate(open_):
        if measurable or index == len(open_) - 1:
            groups.append((begin, index))
            begin = index + 1
    sums = [float(probabilities[first : last + 1].sum()) for first, last in groups]
    best = int(np.argmax(sums))
    low = high = best
    total = sums[best]
    while total < SURE and (low > 0 or high < len(groups) - 1):
        left = sums[low - 1] if low > 0 else -1.0
        right = sums[high + 1] if high < len(groups) - 1 else -1.0
        if left >= right:
            low -= 1
            total += left
        else:
            high += 1
            total += right
    return groups[low][0], groups[high][1]


def next_to_measure(probabilities: Floats, open_: Sequence[bool]) -> int | None:
    """The commit whose measurement splits the probabilities nearest to halves; None where what is likely cannot be told
    apart any further, or is known.
    """
    before = np.cumsum(probabilities)
    candidates = [index for index in range(len(open_) - 1) if open_[index] and 1e-9 < before[index] < 1.0 - 1e-9]
    first, last = likely_range(probabilities, open_)
    groups_inside = [index for index in range(first, last) if open_[index]]
    if not groups_inside or not candidates:
        return None
    return min(candidates, key=lambda index: (abs(float(before[index]) - 0.5), index))
