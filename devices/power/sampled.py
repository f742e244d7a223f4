"""Energy from powers that were sampled: trapezoids between the looks."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from devices.power.block import BlockLike, Look, duration_ns
from devices.power.source import BlockEnergy
from devices.readings.unavailable import NotThere

MIN_SAMPLES = 5
_WORST_COVER = 0.5
"""Less than this part of the block under samples is no measurement of it."""


def energy_of_samples(block: BlockLike, power_mw: Sequence[Look], *, step_mw: float = 0.0) -> BlockEnergy | NotThere:
    """Mean power by trapezoids (∫P dt / ∫dt), × the duration of the block.

    `resolution_mj` is two standard errors of the mean, where a value that merely stands still counts once, and half a
    step of the sensor.
    """
    if len(power_mw) < MIN_SAMPLES:
        return NotThere(f"{len(power_mw)} samples only: a longer block or quicker samples are needed")
    gaps = [later.at_ns - earlier.at_ns for earlier, later in pairwise(power_mw)]
    covered = sum(gaps)
    if min(gaps) <= 0:
        return NotThere("the times of the samples do not go on")
    if max(gaps) > max(5 * statistics.median(gaps), 2e9):
        return NotThere(f"no sample for {max(gaps) / 1e9:.1f} s")
    duration = duration_ns(block)
    if covered < _WORST_COVER * duration:
        return NotThere(f"samples cover {covered / 1e9:.1f} s of {duration / 1e9:.1f} s only")
    area = sum((one.value + two.value) / 2 * gap for (one, two), gap in zip(pairwise(power_mw), gaps, strict=True))
    mean = area / covered
    if mean <= 0:
        return NotThere("the mean power is not above 0: the sensor does not see the load")
    values = [look.value for look in power_mw]
    fresh = 1 + sum(one != two for one, two in pairwise(values))
    error = 2 * statistics.pstdev(values) / math.sqrt(fresh) + step_mw / 2
    return BlockEnergy(mean * duration / 1e9, error * duration / 1e9, mean, round(covered))


def added_up(rows: Sequence[Sequence[Look]]) -> list[Look] | NotThere:
    """The sum of several sensors that are read one after the other, look by look."""
    if len({len(row) for row in rows}) != 1:
        return NotThere("the sensors were not read equally often")
    summed = []
    for looks in zip(*rows, strict=True):
        at_ns = sum(look.at_ns for look in looks) / len(looks)
        if max(abs(look.at_ns - at_ns) for look in looks) > 1e9:
            return NotThere("the sensors were read at times that do not belong together")
        summed.append(Look(at_ns, max(look.took_ns for look in looks), sum(look.value for look in looks)))
    return summed


def smallest_step(values: Sequence[float]) -> float:
    """The least difference between two values that differ; 0 where all are one."""
    ordered = sorted(set(values))
    return min((two - one for one, two in pairwise(ordered)), default=0.0)
