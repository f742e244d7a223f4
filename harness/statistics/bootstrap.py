"""The bootstrap twin of the t interval: bias-corrected and accelerated (BCa), seeded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats

RESAMPLES = 9999
FEWEST = 6
"""Below this many replicates resampling says next to nothing: there are too few distinct samples."""

# Elements per batch of resamples, to bound memory with thousands of items (8 bytes each).
_BATCH_ELEMENTS = 4_000_000


@dataclass(frozen=True)
class BootstrapIntervals:
    """Two-sided BCa intervals of a mean, (low, high), at 95 % and at 90 % (its ends are one-sided 95 % bounds)."""

    level_95: tuple[float, float]
    level_90: tuple[float, float]


def bca_intervals(differences: Floats, seed: int) -> BootstrapIntervals | None:
    """BCa bootstrap of the mean of shape (n,); None below six replicates or where all are equal (it is not defined).

    Efron & Tibshirani (1993), equations 14.10 to 14.15; both levels come from one set of resamples. The same as
    `scipy.stats.bootstrap(method="BCa")` from the same seed, without the seconds in which scipy.stats is imported.
    """
    n = differences.size
    if n < FEWEST or float(np.ptp(differences)) <= 1e-12 * float(np.abs(differences).max()):
        return None
    from scipy.special import ndtri

    means = _resampled_means(differences, np.random.default_rng(seed))
    observed = differences.mean()
    below = (np.count_nonzero(means < observed) + np.count_nonzero(means <= observed)) / (2 * RESAMPLES)
    bias = float(ndtri(below))
    # Of the means that leave one out each, the distances from their own mean.
    left_out = (differences - observed) / (n - 1)
    acceleration = float((left_out**3).sum() / (left_out**2).sum() ** 1.5) / 6.0
    intervals = [_interval(means, bias, acceleration, level) for level in (0.95, 0.90)]
    if any(not math.isfinite(end) for interval in intervals for end in interval):
        return None
    return BootstrapIntervals(*intervals)


def _resampled_means(values: Floats, source: np.random.Generator) -> Floats:
    """Shape (RESAMPLES,)."""
    batch = max(1, min(RESAMPLES, _BATCH_ELEMENTS // values.size))
    sizes = [min(batch, RESAMPLES - begin) for begin in range(0, RESAMPLES, batch)]
    return np.concatenate(
        [values[source.integers(0, values.size, (size, values.size))].mean(axis=-1) for size in sizes]
    )


def _interval(means: Floats, bias: float, acceleration: float, level: float) -> tuple[float, float]:
    """Quantiles of the resampled means that are moved by the bias (z₀) and the acceleration (a)."""
    from scipy.special import ndtr, ndtri

    normal = bias + np.array([1.0, -1.0]) * float(ndtri((1.0 - level) / 2.0))
    shares = ndtr(bias + normal / (1.0 - acceleration * normal))
    if not np.isfinite(shares).all():
        return math.nan, math.nan
    low, high = np.quantile(means, shares)
    return float(low), float(high)
