"""Throttling, seen from a fixed work that the device does again and again: where that slows down, the device does."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats

_FEWEST = 8


@dataclass(frozen=True)
class Throttling:
    """The fixed work took `factor` times as long in the slowest stretch, from place `since` to `until`, as at first."""

    factor: float
    since: int
    until: int


def find_throttling(durations: Floats, *, bound: float = 1.06, errors: float = 3.8) -> Throttling | None:
    """From the durations of the fixed work before each block, shape (n,), in time order; of repeats the fastest.

    AndroidX's rule is a device that does its fixed work more than 10 % slower than at first
    (`androidx.benchmark.ThrottleDetector`). Stretches of a tenth of the run (three blocks at least) are compared with
    the first such stretch by their medians. So that a slow-down of 10 % is found in spite of noise, the bound is 6 %,
    and the difference so many standard `errors` at least, by the median of |differences between neighbours|. With 3.8
    a steady device with a noise of up to 8 % is suspected in fewer than 1 of 100 runs of 20 blocks or more (with 3 in
    2, since the slowest of all stretches is taken). A soak, with many more stretches to choose from, has higher ones.
    None below eight durations, and where some are not above zero.
    """
    n = durations.size
    if n < _FEWEST or not np.all(durations > 0):
        return None
    logarithms = np.log(durations)
    width = max(3, n // 10)
    medians = np.median(np.lib.stride_tricks.sliding_window_view(logarithms, width), axis=1)
    slowest = int(np.argmax(medians))
    distance = float(medians[slowest] - medians[0])
    # 1.2533 for a median, √2 for two of them.
    error = 1.2533 * math.sqrt(2.0 / width) * noise_of_neighbours(logarithms)
    if distance <= math.log(bound) or distance <= errors * error:
        return None
    return Throttling(math.exp(distance), slowest, slowest + width - 1)


def noise_of_neighbours(values: Floats) -> float:
    """Standard deviation of values of shape (n,), n ≥ 2, about a level that moves slowly: by the median of
    |differences between neighbours| (1.4826 for a Gaussian, √2 for a difference of two).
    """
    return 1.4826 * float(np.median(np.abs(np.diff(values)))) / math.sqrt(2.0)
