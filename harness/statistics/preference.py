"""The share of people that prefer one of two builds, from votes of several voters on several items."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.statistics.estimate import Estimate, Floats

Integers = NDArray[np.int64]

_IMAGINED: Final = 0.25
"""Voters for either build that nobody asked, counted towards the spread."""


def estimate_preference(shares: Floats, votes: Floats, voters: Integers, items: Integers) -> Estimate:
    """The mean over voters of how often they prefer the candidate, 0 to 1, where voters and items are both samples.

    `shares`, shape (v,), is each voter's own share (`harness.statistics.vote_stopping.unbiased_share`); `votes`, shape
    (n,), every answer as 1 for the candidate, 0 for the baseline and ½ for neither, of voter `voters` and on item
    `items` (indices, shape (n,)). Raises ValueError where there are none.

    Votes of one voter resemble each other, and so do votes on one item. The variance is that of clusters both ways:
    V(voters) + V(items) − V(votes), and at least either of the first two (Cameron, Gelbach & Miller 2011, "Robust
    inference with multiway clustering"), with the degrees of freedom of the smaller number of clusters, n − 1. Voters
    who all answer alike say nothing of those who were not asked: half an imagined voter, a quarter for either build,
    is counted towards the spread and not towards the mean. Coverage was simulated (test_preference.py).
    """
    if shares.size == 0 or votes.size == 0:
        raise ValueError("no votes")
    count, mean = shares.size, float(shares.mean())
    if count == 1:
        return Estimate(mean, None, 1, 1.0)
    imagined = _IMAGINED * ((1.0 - mean) ** 2 + mean**2)
    of_voters = (float(((shares - mean) ** 2).sum()) + imagined) / (count - 1) / count
    per_voter = np.bincount(voters, minlength=count).astype(np.float64)
    own = np.bincount(voters, weights=votes, minlength=count) / np.maximum(per_voter, 1.0)
    parts = (votes - own[voters]) / per_voter[voters] / count
    by_item = np.bincount(items, weights=parts)
    clusters = int(np.unique(items).size)
    of_items = float((by_item**2).sum()) * clusters / max(clusters - 1, 1)
    of_votes = float((parts**2).sum())
    variance = max(of_voters, of_items, of_voters + of_items - of_votes)
    effective = min(count, max(clusters - 1, 1))  # of which follow the degrees of freedom
    return Estimate(mean, math.sqrt(variance * effective), count, float(effective))


@dataclass(frozen=True)
class ItemVotes:
    """How often either build, or neither, was preferred on one item."""

    candidate: int
    baseline: int
    ties: int

    @property
    def share(self) -> float:
        """For the candidate, a tie counted as half, 0 to 1. There is at least one vote."""
        return (self.candidate + self.ties / 2.0) / (self.candidate + self.baseline + self.ties)

    @property
    def p_value(self) -> float:
        """Two-sided and exact, of no preference among those who saw a difference (the sign test)."""
        total, most = self.candidate + self.baseline, max(self.candidate, self.baseline)
        tail = sum(math.comb(total, count) for count in range(most, total + 1)) / 2.0**total
        return min(1.0, 2.0 * tail)


def agreement(votes: Floats, items: Integers) -> float | None:
    """Krippendorff's α of answers 0, ½ and 1, shape (n,), on `items`, shape (n,): 1 where voters answer alike, 0 where
    no more than by chance, below where they are at odds. None where no item has two votes, or all votes are the same.

    With squared differences (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"): α = 1 − D(within items)
    / D(all), over items with two votes or more.
    """
    per_item = np.bincount(items)
    paired = per_item[items] >= 2
    values, places = votes[paired], items[paired]
    if values.size < 2:
        return None
    sizes = np.bincount(places)
    sums, squares = np.bincount(places, weights=values), np.bincount(places, weights=values**2)
    used = sizes >= 2
    # Over ordered pairs of one item: Σ(x − y)² = 2·(m·Σx² − (Σx)²).
    within = float((2.0 * (sizes * squares - sums**2)[used] / (sizes[used] - 1)).sum()) / values.size
    total = float(2.0 * (values.size * (values**2).sum() - values.sum() ** 2)) / values.size / (values.size - 1)
    return None if total <= 0.0 else 1.0 - within / total
