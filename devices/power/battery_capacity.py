"""How long a battery lasts: its capacity against an average power."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devices.power.survey import Survey
from devices.readings.dumpsys_battery import DumpsysBattery, parse_dumpsys_battery
from devices.readings.power_supply import PowerSupply, parse_power_supply
from devices.readings.unavailable import Decimal, NotThere

_CELL_VOLTS: Final = (3.0, 4.6)
_NOMINAL_VOLTS: Final = 3.85
"""The voltage of a lithium cell between full and empty; what is read at one moment is 3.3 to 4.4 V."""
_PLAUSIBLE_MWH: Final = (100.0, 200_000.0)


@dataclass(frozen=True)
class BatteryCapacity:
    """A full battery's energy."""

    energy_mwh: float
    source: str
    """From which values, in words."""


def battery_capacity(survey: Survey) -> BatteryCapacity | NotThere:
    """From the energy when full, else the charge when full × the nominal voltage of a cell; what the battery holds now
    before what it was designed for; else the charge counter at a known level.
    """
    reasons: list[str] = []
    for supply in _supplies(survey):
        found = _of_supply(supply)
        if isinstance(found, BatteryCapacity):
            return found
        reasons.append(found.reason)
    said = parse_dumpsys_battery(survey.answers.get("battery", ""))
    if isinstance(said, DumpsysBattery):
        found = _of_counter(said)
        if isinstance(found, BatteryCapacity):
            return found
        reasons.append(found.reason)
    return NotThere("the battery's capacity is not known: " + ("; ".join(dict.fromkeys(reasons)) or "no battery"))


def hours_of_use(capacity: BatteryCapacity | NotThere, average_power_mw: Decimal) -> Decimal:
    """Hours of continuous use at a mean power of the whole device."""
    if isinstance(capacity, NotThere):
        return capacity
    if isinstance(average_power_mw, NotThere):
        return average_power_mw
    if average_power_mw <= 0:
        return NotThere("the average power is not above 0")
    return capacity.energy_mwh / average_power_mw


def _supplies(survey: Survey) -> list[PowerSupply]:
    found: list[PowerSupply] = []
    folders = survey.folders(r"/sys/class/power_supply/[^/]+")
    for folder in sorted(folders, key=lambda name: (not re.search("/bat", name.lower()), name)):
        files = folders[folder]
        if files.get("scope", "").strip() == "Device":
            continue
        values = parse_power_supply("".join(f"{name.upper()}={text.strip()}\n" for name, text in files.items()))
        if isinstance(values, PowerSupply):
            found.append(values)
    return found


def _of_supply(supply: PowerSupply) -> BatteryCapacity | NotThere:
    for name, energy in (
        ("energy_full", supply.energy_full_uwh),
        ("energy_full_design", supply.energy_full_design_uwh),
    ):
        if isinstance(energy, int):
            return _checked(energy / 1000, name)
    for name, charge in (
        ("charge_full", supply.charge_full_uah),
        ("charge_full_design", supply.charge_full_design_uah),
    ):
        if isinstance(charge, int):
            volts = _nominal_volts(supply)
            if isinstance(volts, NotThere):
                return volts
            return _checked(charge / 1000 * volts, f"{name} × {volts:g} V")
    return NotThere("no capacity is given by the power supply")


def _nominal_volts(supply: PowerSupply) -> Decimal:
    """Of one cell; of several in a row, what the battery has now."""
    if not isinstance(supply.voltage_uv, int):
        return NotThere("the battery's voltage is not given")
    volts = supply.voltage_uv / 1e6
    return _NOMINAL_VOLTS if _CELL_VOLTS[0] <= volts <= _CELL_VOLTS[1] else volts


def _of_counter(said: DumpsysBattery) -> BatteryCapacity | NotThere:
    level, counter = said.level_percent, said.charge_counter_uah
    if not isinstance(counter, int):
        return counter
    if not isinstance(level, float) or level < 20.0:
        return NotThere("the level is too low, or not given, to reckon a full battery from the charge counter")
    return _checked(
        counter / 1000 / level * 100 * _NOMINAL_VOLTS, f"charge counter at {level:.0f} % × {_NOMINAL_VOLTS} V"
    )


def _checked(energy_mwh: float, source: str) -> BatteryCapacity | NotThere:
    low, high = _PLAUSIBLE_MWH
    if not low <= energy_mwh <= high:
        return NotThere(f"{source} gives {energy_mwh:.3g} mWh, which no battery of such a device holds")
    return BatteryCapacity(energy_mwh, source)
