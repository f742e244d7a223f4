"""RAPL counters of powercap: `energy_uj`, which starts again from 0 above `max_energy_range_uj`."""

from __future__ import annotations

from itertools import pairwise

from devices.readings.bounded_number import whole
from devices.readings.lines import whole_lines
from devices.readings.unavailable import NotThere, Whole


def parse_energy_uj(text: str) -> Whole:
    """One counter, in µJ: the only line of its file."""
    lines = whole_lines(text)
    if len(lines) != 1:
        return NotThere("energy_uj is not one whole line")
    return whole(lines[0], "energy_uj", 0, (1 << 63) - 1)


def counted_uj(values: list[int], range_uj: int) -> Whole:
    """µJ that a counter went on by through a row of looks. Between two of them it may have wrapped once; a step of more
    than half of the range cannot be told from one backwards.
    """
    total = 0
    for earlier, later in pairwise(values):
        if earlier > range_uj or later > range_uj:
            return NotThere(f"a counter stands above its own range of {range_uj} µJ")
        step = (later - earlier) % (range_uj + 1)
        if step > range_uj // 2:
            return NotThere("a counter went backwards, or by more than half of its range between two looks")
        total += step
    return total
