"""Equivalence by two one-sided tests (TOST): the 90 % interval lies inside the margin on both sides."""

from __future__ import annotations

from harness.statistics.estimate import Estimate


def equivalence_p(estimate: Estimate, margin: float) -> float | None:
    """The larger p-value of the two one-sided tests that the true mean is ≤ −margin and that it is ≥ +margin.

    Below 0.05 the arms are equivalent within `margin` (on the scale of the replicates). None for one replicate. The
    same as `statsmodels.stats.weightstats.ttost_paired`.
    """
    above = estimate.p_at_most(-margin)
    below = estimate.p_at_least(margin)
    return None if above is None or below is None else max(above, below)
