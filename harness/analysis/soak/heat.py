"""The course of the temperature in a soak: of the zone that became hottest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.documents.soak_result import TemperatureFinding
from harness.quantity import Available, Unavailable

if TYPE_CHECKING:
    from harness.analysis.soak.windows import SoakRecords
    from harness.statistics.estimate import Floats

_PLAUSIBLE = (-40.0, 150.0)
"""°C. Zones that are switched off say −273, 0 or 200."""


def temperature_finding(records: SoakRecords) -> TemperatureFinding:
    """From the context at the end of every window."""
    zone, celsius = hottest_zone(records)
    known = celsius[np.isfinite(celsius)]
    if zone is None:
        missing = Unavailable(reason="the device does not report its temperature")
        return TemperatureFinding(zone=None, first=missing, last=missing, highest=missing)
    first, last, highest = (
        Available(value=float(value), unit="°C", source=f"zone {zone}") for value in (known[0], known[-1], known.max())
    )
    return TemperatureFinding(zone=zone, first=first, last=last, highest=highest)


def plausible_celsius(celsius: float) -> bool:
    """Whether a zone says a temperature, and not that it is switched off."""
    low, high = _PLAUSIBLE
    return low < celsius < high and celsius != 0.0


def hottest_zone(records: SoakRecords) -> tuple[str | None, Floats]:
    """Its type, and °C at the end of every window; NaN where it was not read."""
    highest: dict[str, float] = {}
    for window in records.windows:
        for zone, celsius in window.context.temperature_celsius.items():
            if plausible_celsius(celsius):
                highest[zone] = max(celsius, highest.get(zone, celsius))
    if not highest:
        return None, np.full(len(records.windows), np.nan)
    zone = max(highest, key=lambda name: highest[name])
    course = [window.context.temperature_celsius.get(zone, np.nan) for window in records.windows]
    return zone, np.array([each if plausible_celsius(each) else np.nan for each in course])
