"""What a device showed of its heat, clocks and memory after each block of the latency pass, drawn beside latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from harness.analysis.conditions.slow_stretch import slowed
from harness.documents.comparison import Reading, SlowStretch

if TYPE_CHECKING:
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.records import LatencyBlock

_MOST_POINTS: Final = 200
_FEWEST_POINTS: Final = 3


def device_readings(data: DeviceData) -> list[Reading]:
    """The hottest zone's temperature, the mean clock of its cores, the memory that is free for all programs and, where
    it was ever above none, the thermal status; each where it was read after three blocks or more, at most 200 points of
    it.
    """
    started_s = _started_s(data)
    blocks = sorted(
        ((started_s[_place(block)], block) for block in data.latency_blocks if _place(block) in started_s),
        key=lambda one: one[0],
    )
    zone = _hottest(blocks[-1][1]) if blocks else None
    found = [
        _reading("temperature", "°C", [(at, _celsius(block, zone)) for at, block in blocks]),
        _reading("clock", "kHz", [(at, _clock_khz(block)) for at, block in blocks]),
        _reading("thermal status", "", [(at, _thermal_status(block)) for at, block in blocks]),
        _reading("free memory", "bytes", [(at, _free_bytes(block)) for at, block in blocks]),
    ]
    return [one for one in found if one is not None and (one.name != "thermal status" or max(one.values) > 0)]


def slow_stretch(data: DeviceData) -> SlowStretch | None:
    """Where the device did a fixed work slowest, on the time axis of the blocks; None where it kept its pace."""
    found, started_s = slowed(data.latency_blocks), _started_s(data)
    if found is None or not {_place(found.first), _place(found.last)} <= started_s.keys():
        return None
    begins, ends = sorted(started_s[_place(block)] for block in (found.first, found.last))
    return SlowStretch(from_s=round(begins, 3), to_s=round(ends, 3), factor=found.factor, cause=found.cause)


def _started_s(data: DeviceData) -> dict[tuple[int, int], float]:
    """Pair and position → seconds since the first block began."""
    blocks = data.blocks
    return {
        (int(pair), int(position)): float(seconds)
        for pair, position, seconds in zip(blocks["pair"], blocks["position"], blocks["started_s"], strict=True)
    }


def _place(block: LatencyBlock) -> tuple[int, int]:
    return block.pair, block.position


def _reading(name: str, unit: str, points: list[tuple[float, float | None]]) -> Reading | None:
    known = [(at, value) for at, value in points if value is not None]
    if len(known) < _FEWEST_POINTS:
        return None
    places = np.unique(np.linspace(0, len(known) - 1, min(_MOST_POINTS, len(known))).round().astype(int))
    return Reading(
        name=name,
        unit=unit,
        at_s=[round(known[place][0], 3) for place in places],
        values=[known[place][1] for place in places],
    )


def _hottest(block: LatencyBlock) -> str | None:
    zones = block.after.temperature_celsius
    return max(zones, key=lambda zone: zones[zone]) if zones else None


def _celsius(block: LatencyBlock, zone: str | None) -> float | None:
    return None if zone is None else block.after.temperature_celsius.get(zone)


def _clock_khz(block: LatencyBlock) -> float | None:
    clocks = block.after.cpu_frequency_khz
    return sum(clocks) / len(clocks) if clocks else None


def _free_bytes(block: LatencyBlock) -> float | None:
    free = block.after.memory_available_bytes
    return None if free is None else float(free)


def _thermal_status(block: LatencyBlock) -> float | None:
    status = block.gate.values.get("thermal_status") if block.gate is not None else None
    return status if isinstance(status, float) else None
