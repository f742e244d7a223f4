"""Values that stand out from their neighbours in time. They are named, never left out."""

from __future__ import annotations

import numpy as np

from harness.statistics.estimate import Floats

_NEIGHBOURS = 3
_FEWEST = 10


def find_outliers(values: Floats, *, least_size: float) -> list[int]:
    """Places of outliers among values of shape (n,) in time order, largest first; empty below ten values.

    Each value is compared with the median of the three before it and with that of the three after it (near the ends as
    many as there are), and the smaller distance counts: neither a drift nor another level is an outlier. It stands out
    where that is more than 6.2 + 28/n standard deviations, seen robustly (1.4826 · the median distance), and more than
    `least_size`, the smallest distance that matters. The bound is set by simulation so that about 99 of 100 clean
    series name nothing (independent or AR(1) .6, drifting or not, n from 10 to 300).
    """
    n = values.size
    if n < _FEWEST:
        return []
    away = np.minimum(np.abs(values - _median_before(values)), np.abs(values - _median_before(values[::-1])[::-1]))
    bound = max((6.2 + 28.0 / n) * 1.4826 * float(np.median(away)), least_size)
    return [int(place) for place in np.argsort(-away, kind="stable") if away[place] > bound]


def _median_before(values: Floats) -> Floats:
    """Of each value the median of the three before it, or of the fewer that there are; infinite where there is none."""
    medians = np.full(values.size, np.inf)
    for place in range(1, _NEIGHBOURS):
        medians[place] = np.median(values[:place])
    medians[_NEIGHBOURS:] = np.median(np.lib.stride_tricks.sliding_window_view(values[:-1], _NEIGHBOURS), axis=1)
    return medians
