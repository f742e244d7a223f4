"""What a device showed of its heat and its clocks after each block of the latency pass, for drawing beside latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from harness.documents.comparison import Reading

if TYPE_CHECKING:
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.records import LatencyBlock

_MOST_POINTS: Final = 200
_FEWEST_POINTS: Final = 3


def device_readings(data: DeviceData) -> list[Reading]:
    """The hottest zone's temperature, the mean clock of its cores and, where it was ever above none, the thermal
    status; each where it was read after three blocks or more, at most 200 points of it.
    """
    started_s = {
        (int(pair), int(position)): float(seconds)
        for pair, position, seconds in zip(
            data.blocks["pair"], data.blocks["position"], data.blocks["started_s"], strict=True
        )
    }
    blocks = sorted(
        (
            (started_s[block.pair, block.position], block)
            for block in data.latency_blocks
            if (block.pair, block.position) in started_s
        ),
        key=lambda one: one[0],
    )
    zone = _hottest(blocks[-1][1]) if blocks else None
    found = [
        _reading("temperature", "°C", [(at, _celsius(block, zone)) for at, block in blocks]),
        _reading("clock", "kHz", [(at, _clock_khz(block)) for at, block in blocks]),
        _reading("thermal status", "", [(at, _thermal_status(block)) for at, block in blocks]),
    ]
    return [one for one in found if one is not None and (one.name != "thermal status" or max(one.values) > 0)]


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


def _thermal_status(block: LatencyBlock) -> float | None:
    status = block.gate.values.get("thermal_status") if block.gate is not None else None
    return status if isinstance(status, float) else None
