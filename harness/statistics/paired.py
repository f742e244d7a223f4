"""Differences within pairs: log-ratios of what two arms did in one pair of blocks, or differences on one item."""

from __future__ import annotations

import numpy as np

from harness.statistics.estimate import Floats


def log_ratios(baseline: Floats, candidate: Floats) -> Floats:
    """ln(candidate) − ln(baseline) for each pair; both of shape (m,), positive. Raises ValueError otherwise.

    The ratio of the arms is exp of its mean: a geometric mean of ratios, the same whichever arm is called baseline.
    """
    if baseline.shape != candidate.shape:
        msg = f"{baseline.size} baseline values and {candidate.size} candidate values are not pairs"
        raise ValueError(msg)
    if not (np.all(baseline > 0) and np.all(candidate > 0)):
        msg = "a ratio needs values greater than zero"
        raise ValueError(msg)
    return np.asarray(np.log(candidate) - np.log(baseline), dtype=np.float64)
