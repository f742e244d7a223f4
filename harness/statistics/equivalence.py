"""Equivalence by two one-sided tests (TOST): the 90 % interval lies inside the margin on both sides."""

from __future__ import annotations

from harness.statistics.estimate import Estimate


def is_equivalent(estimate: Estimate, margin: float) -> bool:
    """Whether both one-sided tests, that the true mean is below −margin and that it is above +margin, reject at 5 %.

    `margin` ≥ 0 on the scale of the replicates. The same as `statsmodels.stats.weightstats.ttost_paired`; never for a
    single replicate.
    """
    interval = estimate.interval(0.90)
    return interval is not None and -margin <= interval[0] and interval[1] <= margin
