"""What agrees with heat where a fixed work slowed down: lower clocks, a hotter zone, a thermal status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.documents.records import LatencyBlock
    from harness.statistics.throttling import Throttling

_CLOCKS_DOWN: Final = 0.95
_HOTTER_CELSIUS: Final = 5.0


def signs_of_heat(blocks: Sequence[LatencyBlock], found: Throttling) -> list[str]:
    """`its clocks were 20 % lower`: what was so in the slowest stretch of the blocks, against the first one as long."""
    slow = blocks[found.since : found.until + 1]
    first = blocks[: len(slow)]
    signs = []
    before, after = (_median([sum(block.after.cpu_frequency_khz or []) for block in some]) for some in (first, slow))
    if 0.0 < after < _CLOCKS_DOWN * before:
        signs.append(f"its clocks were {100 * (1 - after / before):.0f} % lower")
    rise = max((_rise(zone, first, slow) for zone in slow[-1].after.temperature_celsius), default=0.0)
    if rise >= _HOTTER_CELSIUS:
        signs.append(f"it was {rise:.0f} °C hotter")
    status = max(_thermal_status(block) for block in slow)
    if status > 0:
        signs.append(f"its thermal status was {status:.0f}")
    return signs


def _rise(zone: str, first: Sequence[LatencyBlock], slow: Sequence[LatencyBlock]) -> float:
    """°C; 0 where it was not read. Zones that are switched off say 0."""
    known = [
        [celsius for block in some if (celsius := block.after.temperature_celsius.get(zone))] for some in (first, slow)
    ]
    return _median(known[1]) - _median(known[0]) if all(known) else 0.0


def _thermal_status(block: LatencyBlock) -> float:
    """Android's: 0 is none."""
    status = block.gate.values.get("thermal_status") if block.gate is not None else None
    return status if isinstance(status, float) else 0.0


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
