"""The bootstrap twin of the t interval: bias-corrected and accelerated (BCa), seeded."""

from __future__ import annotations

import math
import warnings
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

    `scipy.stats.bootstrap(method="BCa")`; both levels come from one set of resamples.
    """
    if differences.size < FEWEST or float(np.ptp(differences)) <= 1e-12 * float(np.abs(differences).max()):
        return None
    from scipy.stats import DegenerateDataWarning, bootstrap

    batch = max(1, min(RESAMPLES, _BATCH_ELEMENTS // differences.size))
    intervals: list[tuple[float, float]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        result = None
        for level in (0.95, 0.90):
            result = bootstrap(
                (differences,),
                np.mean,
                n_resamples=RESAMPLES if result is None else 0,
                batch=batch,
                vectorized=True,
                confidence_level=level,
                method="BCa",
                bootstrap_result=result,
                rng=np.random.default_rng(seed),
            )
            intervals.append((float(result.confidence_interval.low), float(result.confidence_interval.high)))
    if any(not math.isfinite(end) for interval in intervals for end in interval):
        return None
    return BootstrapIntervals(*intervals)
