"""What stands out among the blocks of one arm: blocks and single inferences far from their neighbours, two speeds, a
drift. The warnings name it and the chart of blocks marks it, both from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.diagnostics import Trend, TwoLevels, find_trend, find_two_levels
from harness.statistics.estimate import Floats
from harness.statistics.outliers import find_outliers

NOTABLE = 0.02
"""Two levels closer than this are not worth a reader's time."""
_NOTABLE_DRIFT = 0.05
_OUTLYING = 0.10
"""Nor is a block that is less than 10 % away from its neighbours."""
_STALL = 1.5


@dataclass(frozen=True)
class Stalls:
    """Single inferences that took more than `bound` times as long as their block's median."""

    count: int
    of: int
    """Inferences in all."""
    bound: float
    slowest_ns: dict[int, int]
    """Place of each block that has one → the longest of its inferences."""


def outlying_blocks(medians_ns: Floats) -> list[int]:
    """Places among an arm's block medians, shape (n,), in time order; those furthest from their neighbours first."""
    if not medians_ns.size or not np.all(medians_ns > 0):
        return []
    return find_outliers(np.log(medians_ns), least_size=float(np.log1p(_OUTLYING)))


def find_stalls(blocks_ns: Sequence[Floats]) -> Stalls | None:
    """Single inferences far slower than their block: at least half as long again as its median, and further from it
    than 99 of 100 clean runs have one (in robust standard deviations of all inferences about their blocks).

    `blocks_ns`: the latencies of each block. None where there is no such inference, or a block that took no time.
    """
    if not blocks_ns or any(not block.size or np.median(block) <= 0 for block in blocks_ns):
        return None
    ratios = [block / float(np.median(block)) for block in blocks_ns]
    everything = np.concatenate(ratios)
    from scipy.special import ndtri

    spread = 1.4826 * float(np.median(np.abs(everything - 1.0)))
    # Two more than Gaussian noise allows for: timings have a longer tail upwards, which is no finding.
    bound = max(_STALL, 1.0 + (float(-ndtri(0.01 / everything.size)) + 2.0) * spread)
    slowest = {
        place: int(blocks_ns[place].max())
        for place, ratio in enumerate(ratios)
        if float(ratio.max(initial=0.0)) > bound
    }
    count = int((everything > bound).sum())
    return Stalls(count, everything.size, bound, slowest) if count else None


def find_course(medians_ns: Floats) -> TwoLevels | Trend | None:
    """Whether the arm ran at two speeds or drifted, on the natural logarithm of its block medians, in time order."""
    if not medians_ns.size or not np.all(medians_ns > 0):
        return None
    logarithms = np.log(medians_ns)
    levels = find_two_levels(logarithms, least_gap=NOTABLE)
    if levels is not None:
        return levels
    trend = find_trend(logarithms)
    return trend if trend is not None and abs(trend.total) >= _NOTABLE_DRIFT else None
