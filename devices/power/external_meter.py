"""A USB or bench meter between the supply and the device: it sees everything, with a clock of its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from devices.power.block import BlockLike, Look, duration_ns, unfit
from devices.power.meter_log import MeterLog
from devices.power.sampled import energy_of_samples, smallest_step
from devices.power.source import BlockEnergy, EnergyReadings, EnergySource, FoundSource, SourceReadout, readout
from devices.power.survey import Survey
from devices.readings.unavailable import NotThere

_MAX_JUMP_NS: Final = 50_000_000
"""More than a clock is slewed by NTP over a block (500 ppm of 60 s are 30 ms)."""


_BLUR_S: Final = 3.0


def find(survey: Survey) -> FoundSource | NotThere:
    """There where the experiment names a file; the device need not be asked for anything."""
    if not survey.meter_declared:
        return NotThere("no external meter is declared (measure.energy.meter_csv)")
    return FoundSource("external_meter", "everything behind the meter", ())


def measure(found: FoundSource, evidence: EnergyReadings) -> SourceReadout:
    """By wall-clock times: those of the block, and the meter's plus the declared offset."""
    log = evidence.meter
    if isinstance(log, NotThere):
        return readout(found, evidence, lambda _: log)
    facts = {"columns": log.columns, "meter_offset_s": f"{evidence.meter_offset_s:g}"}
    return readout(found, evidence, lambda block: _energy(block, log, evidence.meter_offset_s), facts)


def _energy(block: BlockLike, log: MeterLog, offset_s: float) -> BlockEnergy | NotThere:
    reason = unfit(block)
    if reason is not None:
        return reason
    jump_ns = (block.wall_ended_ns - block.wall_started_ns) - duration_ns(block)
    if abs(jump_ns) > _MAX_JUMP_NS:
        return NotThere(f"the device's clock was set by {jump_ns / 1e9:+.2f} s during the block")
    offset_ns = round(offset_s * 1e9)
    begin, end = block.wall_started_ns - offset_ns, block.wall_ended_ns - offset_ns
    first, last = bisect_left(log.times_ns, begin), bisect_right(log.times_ns, end)
    looks = [
        Look(time, 0, power) for time, power in zip(log.times_ns[first:last], log.power_mw[first:last], strict=True)
    ]
    if not looks:
        words = " (its times count from its start: declare the offset)" if log.is_relative else ""
        return NotThere(f"the meter's file has no sample in the block{words}")
    distinct = [look for at, look in enumerate(looks) if at == 0 or look.at_ns > looks[at - 1].at_ns]
    return energy_of_samples(block, distinct, step_mw=smallest_step([look.value for look in distinct]))


def estimate_offset_s(
    log: MeterLog, blocks: Sequence[BlockLike], *, around_s: float = 0.0, within_s: float = 60.0
) -> float | NotThere:
    """Seconds to add to the meter's clock so that it sees the work when the device did it.

    The offset at which what a block did (idling, or which arm) explains most of the variance of power, searched in
    steps of 0.1 s: the drawn order of the blocks is what makes it the only one.
    `NotThere` where no offset explains half of it, or where two that lie apart do equally well.
    """
    spans = [(block.wall_started_ns, block.wall_ended_ns, block.arm) for block in blocks]
    if len({arm is None for *_, arm in spans}) < 2 or len(log.times_ns) < 20:
        return NotThere("the offset shows only where idle and working blocks alternate under a meter")
    sums, squares = [0.0], [0.0]
    for power in log.power_mw:
        sums.append(sums[-1] + power)
        squares.append(squares[-1] + power * power)
    steps = round(within_s * 10)
    scores = {
        around_s + step / 10: _explained(log, spans, around_s + step / 10, sums, squares)
        for step in range(-steps, steps + 1)
    }
    best = max(scores, key=lambda offset: scores[offset])
    if scores[best] < 0.5:
        return NotThere("no offset makes idle and working blocks differ under the meter")
    near = [offset for offset, score in scores.items() if score > 0.999 * scores[best]]
    # The lead-in of a block is work as well, so that a few seconds fit equally well, and serve equally well.
    others = (offset for offset, score in scores.items() if score > 0.95 * scores[best])
    if any(not min(near) - _BLUR_S <= offset <= max(near) + _BLUR_S for offset in others) or max(near) - min(near) > 10:
        return NotThere("several offsets fit equally well: declare the offset of the meter's clock")
    return round(sum(near) / len(near), 3)


def _explained(
    log: MeterLog,
    spans: Sequence[tuple[int, int, str | None]],
    offset_s: float,
    sums: Sequence[float],
    squares: Sequence[float],
) -> float:
    """Part of the variance inside the blocks that lies between the arms."""
    square = 0.0
    by_arm: dict[str | None, tuple[int, float]] = {}
    for begin, end, arm in spans:
        first = bisect_left(log.times_ns, begin - offset_s * 1e9)
        last = bisect_right(log.times_ns, end - offset_s * 1e9)
        if last - first < 2:
            return 0.0
        count, part = by_arm.get(arm, (0, 0.0))
        by_arm[arm] = count + last - first, part + sums[last] - sums[first]
        square += squares[last] - squares[first]
    total = sum(part for _, part in by_arm.values()) ** 2 / sum(count for count, _ in by_arm.values())
    variance = square - total
    between = sum(part * part / count for count, part in by_arm.values()) - total
    return between / variance if variance > 0 else 0.0


SOURCE: Final = EnergySource("external_meter", "external meter", 2, False, find, measure)
