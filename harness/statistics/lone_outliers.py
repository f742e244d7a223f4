"""Values that stand alone: far from their neighbours on both sides, which are near each other."""

from __future__ import annotations

from typing import Final

import numpy as np

from harness.statistics.estimate import Floats

_REACH: Final = 2
_FAR: Final = 4.0
_KEPT: Final = 3.0
_OF_DIFFERENCES: Final = 1.4826 / np.sqrt(2.0)


def spread_of_neighbours(values: Floats) -> float:
    """The standard deviation of independent values of shape (n,), from the median of the differences of neighbours: a
    step, and a lone outlier, change it little. 0 for fewer than 4.
    """
    if values.size < 4:
        return 0.0
    return float(_OF_DIFFERENCES * np.sort(np.abs(values[1:] - values[:-1]))[(values.size - 1) // 2])


def without_lone_outliers(values: Floats) -> Floats:
    """Values of shape (n,) with each that is far from the median of its neighbours (two on either side) brought to
    three standard deviations from it. The last two are left as they are: what comes after them is not known.
    """
    spread = spread_of_neighbours(values)
    if spread <= 0.0 or values.size < 2 * _REACH + 1:
        return values
    size = values.size - 2 * _REACH
    windows = np.stack([values[i : i + size] for i in range(2 * _REACH + 1)])
    windows.sort(axis=0)
    medians = windows[_REACH]
    middle = values[_REACH:-_REACH]
    away = middle - medians
    far = np.abs(away) > _FAR * spread
    if not far.any():
        return values
    kept = values.copy()
    kept[_REACH:-_REACH] = np.where(far, medians + np.sign(away) * _KEPT * spread, middle)
    return kept


def without_course(values: Floats, reach: int = 10) -> Floats:
    """Values of shape (n,), n ≥ 2, less the mean of their neighbours within so many values and their own, scaled so
    that independent ones keep their variance: a drift and a step far away are no noise.
    """
    n = values.size
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(n)
    begin, end = np.maximum(places - reach, 0), np.minimum(places + reach + 1, n)
    counts = end - begin
    return np.asarray((values - (sums[end] - sums[begin]) / counts) * np.sqrt(counts / (counts - 1.0)))
