"""E-divisive (Matteson & James 2014): where a series is most unlike itself, by the energy distance of what is before
and after, and how often a series in shuffled order would be as unlike. It asks for no distribution, so one far value
is no step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.statistics.estimate import Floats

_BATCH: Final = 64
"""Shuffled distance matrices held at once: with 100 values 5 MB."""
PERMUTATIONS: Final = 999


@dataclass(frozen=True)
class Split:
    """The most unlikely place of a series."""

    index: int
    """Where the values after it begin."""
    statistic: float


@dataclass(frozen=True)
class SplitTest:
    """A split with the share of shuffled series that are as unlike themselves anywhere, itself counted as one (Phipson
    & Smyth 2010), so it is never 0.
    """

    split: Split
    p_value: float
    smallest: float
    """The least that `p_value` could have been: 1 in so many shuffles, or as many distinct ones as there are."""


def split_by_energy(values: Floats) -> Split:
    """Of shape (n,), n ≥ 2. The scaled energy distance, in the values' unit, is largest there."""
    distances = np.abs(values[:, np.newaxis] - values)
    statistics = _statistics(distances[np.newaxis])[0]
    index = int(np.argmax(statistics))
    return Split(index + 1, float(statistics[index]))


def split_test(values: Floats, seed: int, permutations: int = PERMUTATIONS) -> SplitTest:
    """Of shape (n,), n ≥ 2, by so many shuffles from the seed."""
    found = split_by_energy(values)
    distances = np.abs(values[:, np.newaxis] - values)
    source = np.random.default_rng(seed)
    slack = found.statistic * (1.0 - 1e-9)
    as_unlike = 0
    for begin in range(0, permutations, _BATCH):
        size = min(_BATCH, permutations - begin)
        orders = source.permuted(np.tile(np.arange(values.size), (size, 1)), axis=1)
        shuffled = distances[orders[:, :, np.newaxis], orders[:, np.newaxis, :]]
        as_unlike += int(np.sum(_statistics(shuffled).max(axis=1) >= slack))
    distinct = 1.0 / math.comb(values.size, min(found.index, values.size - found.index))
    return SplitTest(found, (1 + as_unlike) / (1 + permutations), max(1.0 / (1 + permutations), distinct))


def _statistics(distances: Floats) -> NDArray[np.float64]:
    """Of shape (shuffles, n, n); returns those of each split, shape (shuffles, n − 1)."""
    n = distances.shape[1]
    rows = np.cumsum(distances.sum(axis=2), axis=1)
    left = 2.0 * np.cumsum(np.tril(distances).sum(axis=2), axis=1)
    total = rows[:, -1:]
    before = np.arange(1, n, dtype=np.float64)
    after = n - before
    within_left, to_all = left[:, :-1], rows[:, :-1]
    between = to_all - within_left
    within_right = total - 2.0 * to_all + within_left
    energy = 2.0 * between / (before * after) - within_left / before**2 - within_right / after**2
    return np.asarray(energy * before * after / n)
