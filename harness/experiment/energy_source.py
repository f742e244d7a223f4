"""Which source of energy a device is measured by, or why its energy is not worth the time of measuring it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.power.battery_supplies import battery_supplies
from devices.power.registry import SOURCES, choose_source, find_sources
from devices.power.source import FoundSource
from devices.readings.dumpsys_battery import DumpsysBattery, parse_dumpsys_battery
from devices.readings.unavailable import NotThere

if TYPE_CHECKING:
    from devices.power.survey import Survey
    from harness.experiment.declaration import Energy, Measure

_ON_A_CABLE = {"Charging", "Full", "Not charging"}
_CODES = {"2": "Charging", "4": "Not charging", "5": "Full"}


def usable_source(survey: Survey, measure: Measure) -> FoundSource | NotThere:
    """The source, unless it is a battery that a cable feeds and nobody said that the cable will be pulled, or charging
    switched off.
    """
    energy = measure.energy
    is_freed = energy.unplugged or measure.hold.charging == "off"
    found = choose_source(survey, energy.source)
    if isinstance(found, NotThere) or not SOURCES[found.source].reads_battery or is_freed:
        return found
    status = battery_status(survey)
    if status not in _ON_A_CABLE:
        return found
    return NotThere(
        f"only the battery says what the device draws ({SOURCES[found.source].label}), and a cable feeds it (status "
        f"{status}): set measure.energy.unplugged = true, or reach the device over Wi-Fi with the cable out"
    )


def with_stand_ins(found: FoundSource, survey: Survey, energy: Energy) -> list[FoundSource]:
    """The source, and those that are read beside it in case that it proves too coarse for the blocks: a battery's other
    ones, most trustworthy first. A source that was named stands alone.
    """
    if energy.source is not None or not SOURCES[found.source].reads_battery:
        return [found]
    others = [
        other
        for name, other in find_sources(survey).items()
        if isinstance(other, FoundSource) and name != found.source and SOURCES[name].reads_battery
    ]
    return [found, *others]


def battery_status(survey: Survey) -> str | None:
    """`Discharging`, `Charging`, `Full`, `Not charging`; None where the device does not say."""
    for files in battery_supplies(survey).values():
        return files.get("status", "").strip() or None
    said = parse_dumpsys_battery(survey.answers.get("battery", ""))
    if isinstance(said, DumpsysBattery) and isinstance(said.status, str):
        return _CODES.get(said.status, said.status.capitalize())
    return None
