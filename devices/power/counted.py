"""Energy from counters that only go up: the difference over the block, and what it may be off by."""

from __future__ import annotations

from devices.power.block import BlockLike, duration_ns
from devices.power.source import BlockEnergy
from devices.readings.unavailable import NotThere

MIN_STEPS = 3
"""A counter that moved by fewer of its own steps tells nothing."""


def energy_of_rate(
    block: BlockLike,
    counted_uj: float,
    covered_ns: float,
    *,
    step_uj: float,
    time_error_ns: float,
    seen_step_uj: float = 0.0,
) -> BlockEnergy | NotThere:
    """A counter went on by `counted_uj` in `covered_ns`; both are known to within a step and to within an error of
    time. `seen_step_uj`: what it was seen to move by in the whole run, where that is more than a step of its text.
    """
    if covered_ns <= 0:
        return NotThere("the counter's two readings carry one time")
    if counted_uj == 0:
        return NotThere("the counter did not move during the block")
    if counted_uj < MIN_STEPS * step_uj:
        steps = counted_uj / step_uj
        return NotThere(f"the counter moved by {steps:.1f} of its steps only: a longer block is needed")
    power_mw = counted_uj * 1e6 / covered_ns
    fraction = max(step_uj, seen_step_uj) / counted_uj + time_error_ns / covered_ns
    energy_mj = power_mw * duration_ns(block) / 1e9
    return BlockEnergy(energy_mj, energy_mj * fraction, power_mw, round(covered_ns))
