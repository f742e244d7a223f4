"""How the pairs of a latency pass are spread over launches: fresh processes of every arm, with a warm-up of their own.

A process has a speed of its own (where its memory lies, which core it landed on), which no number of pairs within it
averages out. So the launch is what the interval counts (Kalibera & Jones 2013, "Rigorous benchmarking in reasonable
time": replicate at the highest level that varies).
"""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

PAIRS_A_LAUNCH = 3
"""The pairs of a launch where the experiment says nothing. The best number is √((c_L/c_p)·(σ_p²/σ_L²)) for the costs
and variances of a launch and of a pair (Kalibera & Jones): from 1 to 4 for start-up costs of .1 to 3 pairs and
processes that differ by half of what pairs do; and the mean of three is closer to a bell curve than a single pair is.
"""
FEWEST_LAUNCHES = 6
"""Fewer, where there are pairs for as many, make an interval much wider than their pairs would (t.975 of 2.8)."""
FEWEST_TO_LOOK = 5
"""A sequential pass is not looked at before: the interval of fewer launches bounds almost nothing."""


class FirstLook(NamedTuple):
    """From when on a sequential pass could have ended."""

    pairs: int | None
    """Pairs, where these are what is counted; None where the number was fixed."""
    launches: int | None
    """Launches, where these are; None where the number was fixed."""


NEVER = FirstLook(None, None)
"""The number of pairs is fixed."""


def launch_sizes(pairs: int, launches: int | None) -> list[int]:
    """Pairs in each launch, as even as can be, the larger ones first; `launches` is what the experiment asks for."""
    count = max(min(pairs, FEWEST_LAUNCHES), round(pairs / PAIRS_A_LAUNCH)) if launches is None else launches
    count = min(count, pairs)
    least, larger = divmod(pairs, count)
    return [least + 1] * larger + [least] * (count - larger)


def launch_pairs_most(pairs: int, launches: int | None) -> int:
    """How many pairs a launch may grow to where starting processes is dear; 0, not at all, where the experiment says
    how many launches there are. So few launches as are left then are looked at once, at the end.
    """
    return pairs // FEWEST_TO_LOOK if launches is None else 0


def first_look_in_launches(sizes: list[int], min_pairs: int) -> int | None:
    """After how many whole launches a sequential pass is first looked at; None where nothing would be saved."""
    enough = next((place for place, done in enumerate(accumulate(sizes), 1) if done >= min_pairs), len(sizes))
    first = max(enough, FEWEST_TO_LOOK)
    return first if first < len(sizes) else None
