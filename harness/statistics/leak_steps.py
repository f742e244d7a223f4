"""A leak that comes in steps: what a run that shows none of them, or few, can still exclude.

Allocators take memory from the system in pools, arenas and huge pages. What leaks fills them first, so a leak of L
bytes per 1000 inferences shows as one step of S bytes every 1000·S/L inferences, and not at all before: 12 hours at 36
ms, 1.2 million inferences, show a leak of 1000 bytes in steps of 1 MiB once. No test of a slope sees that.

So steps are counted. Of k steps in N inferences the rate of such steps is at most U/N, U the one-sided Poisson bound of
Garwood 1936 ("Fiducial limits for the Poisson distribution", Biometrika 28), the quantile of χ² with 2(k + 1) degrees
of freedom over 2: 3.7 where none was seen, at 97.5 %. The leak behind it is at most 1000·U·S/N. A pool that fills
evenly would make do with fewer; what leaks seldom does so evenly.

k is what memory has risen by between the first and the last stretch, in whole steps: what was returned is no leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats

PLAUSIBLE_STEPS_BYTES = (4096.0, 65_536.0, 1_048_576.0, 2_097_152.0)
"""A page; a large page, or a block of an allocator; a pool of 1 MiB; a huge page, or a heap of an arena."""
_LEVEL = 0.975
"""One-sided, for either of the two cuts of `harness.statistics.leak`: 95 % for both."""
_LEAST_JUMP_BYTES = 65_536.0
_FAR = 8.0
"""A rise between neighbouring windows of so many robust standard deviations is a step."""


@dataclass(frozen=True)
class StepBound:
    """Steps of `step_bytes`: how many the rise of memory amounts to, and the largest leak, in bytes per 1000
    inferences, that may come in such steps and shows no more of them.
    """

    step_bytes: float
    count: int
    bytes_per_1000: float


@dataclass(frozen=True)
class SeenSteps:
    """Steps that stood out: how many up and down, and the median and the largest of those up, in bytes."""

    up: int
    down: int
    usual_bytes: float
    largest_bytes: float


def seen_steps(processes: Sequence[Floats]) -> SeenSteps | None:
    """From the bytes held at the end of neighbouring windows of each process; None where none stood out upwards."""
    moves = np.concatenate([np.zeros(0), *(np.diff(held) for held in processes)])
    if not moves.size:
        return None
    usual = float(np.median(moves))
    least = max(_LEAST_JUMP_BYTES, _FAR * 1.4826 * float(np.median(np.abs(moves - usual))))
    up = moves[moves >= least]
    if not up.size:
        return None
    return SeenSteps(int(up.size), int(np.sum(moves <= -least)), float(np.median(up)), float(up.max()))


def step_bounds(rises: Sequence[float], inferences: float, seen: SeenSteps | None) -> tuple[StepBound, ...]:
    """For every plausible step, and the largest that was seen where that is larger: from how many bytes each process
    has risen, and after how many inferences of all of them, > 0.
    """
    steps = list(PLAUSIBLE_STEPS_BYTES)
    if seen is not None and seen.largest_bytes > steps[-1]:
        steps.append(seen.largest_bytes)
    found = []
    for step in steps:
        count = sum(max(0, round(rise / step)) for rise in rises)
        found.append(StepBound(step, count, 1000.0 * most_events(count) * step / inferences))
    return tuple(found)


def most_events(count: int) -> float:
    """The one-sided upper bound on the mean of a Poisson number of which `count` was seen."""
    from scipy.special import gammaincinv

    return float(gammaincinv(count + 1, _LEVEL))


def inferences_to_exclude(bound: StepBound, bytes_per_1000: float) -> float:
    """How many inferences exclude a leak of that size in such steps, should no further step show."""
    return 1000.0 * most_events(bound.count) * bound.step_bytes / bytes_per_1000
