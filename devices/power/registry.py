"""All sources of energy, the most trustworthy first.

Android's own `batterystats` is none: what it prints is a model (power_profile.xml × time).
"""

from __future__ import annotations

from typing import Final

from devices.power import (
    android_rails,
    battery_current,
    board_sensors,
    charge_counter,
    external_meter,
    pi_pmic,
    rapl,
)
from devices.power.source import EnergySource, FoundSource
from devices.power.survey import Survey
from devices.readings.unavailable import NotThere

SOURCES: Final[dict[str, EnergySource]] = {
    source.name: source
    for source in (
        android_rails.SOURCE,
        external_meter.SOURCE,
        board_sensors.SOURCE,
        pi_pmic.SOURCE,
        rapl.SOURCE,
        charge_counter.SOURCE,
        battery_current.SOURCE,
    )
}


def find_sources(survey: Survey) -> dict[str, FoundSource | NotThere]:
    """Every source by name, in order of trust: as it is on this device, or why it is not."""
    return {name: source.find(survey) for name, source in SOURCES.items()}


def choose_source(survey: Survey, name: str | None = None) -> FoundSource | NotThere:
    """The named source; the most trustworthy that the device has where none is named.

    A declared meter is taken before everything else: somebody went and connected it.
    """
    found = find_sources(survey)
    if name is not None:
        known = ", ".join(SOURCES)
        return found.get(name, NotThere(f"no source of energy is called {name!r}; there are: {known}"))
    declared = found["external_meter"]
    if isinstance(declared, FoundSource):
        return declared
    best = next((one for one in found.values() if isinstance(one, FoundSource)), None)
    reasons = "; ".join(one.reason for one in found.values() if isinstance(one, NotThere))
    return best or NotThere(f"the device has no source of energy: {reasons}")
