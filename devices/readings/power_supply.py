"""A power supply of sysfs: `/sys/class/power_supply/*/uevent`, in µV, µA, µAh, µWh, µW and 0.1 °C."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devices.readings.absent_battery import absent_battery
from devices.readings.bounded_number import whole
from devices.readings.lines import last_line, whole_lines
from devices.readings.unavailable import Decimal, NotThere, Whole, Word

STATUSES: Final = ("Unknown", "Charging", "Discharging", "Not charging", "Full")
"""include/linux/power_supply.h: POWER_SUPPLY_STATUS_*, as sysfs prints them."""

_ERRNO = range(-133, -1)
_PREFIX = "POWER_SUPPLY_"


@dataclass(frozen=True)
class PowerSupply:
    """One look at one supply. Currents are raw: their sign, and on some phones their unit, are the vendor's."""

    name: Word
    status: Word
    capacity_percent: Whole
    voltage_uv: Whole
    current_raw: Whole
    power_uw: Whole
    """The power of batteries that count energy, such as laptops'."""
    temperature_celsius: Decimal
    charge_counter_uah: Whole
    charge_now_uah: Whole
    charge_full_uah: Whole
    charge_full_design_uah: Whole
    energy_now_uwh: Whole
    energy_full_uwh: Whole
    energy_full_design_uwh: Whole
    voltage_min_design_uv: Whole
    cycle_count: Whole
    online: Whole


def parse_power_supply(text: str) -> PowerSupply | NotThere:
    """Of lines `POWER_SUPPLY_KEY=value`, the same without the prefix, or one map `KEY=value, KEY=value`. The first
    line of a key counts.
    """
    fields = _fields(text)
    if not fields:
        return NotThere("this is no uevent of a power supply")
    absent = absent_battery(
        present=fields.get("PRESENT"),
        level=fields.get("CAPACITY"),
        voltage=fields.get("VOLTAGE_NOW"),
        temperature=fields.get("TEMP"),
    )
    return PowerSupply(
        name=fields.get("NAME") or NotThere("NAME is not given"),
        status=absent or parse_supply_status(fields.get("STATUS")),
        capacity_percent=absent or _number(fields, "CAPACITY", 0, 100),
        voltage_uv=absent or _number(fields, "VOLTAGE_NOW", 1_000_000, 60_000_000),
        current_raw=absent or parse_supply_current(fields.get("CURRENT_NOW")),
        power_uw=absent or _number(fields, "POWER_NOW", 1, 500_000_000),
        temperature_celsius=absent or parse_supply_temperature(fields.get("TEMP")),
        charge_counter_uah=absent or _charge(fields, "CHARGE_COUNTER"),
        charge_now_uah=absent or _charge(fields, "CHARGE_NOW"),
        charge_full_uah=absent or _full_charge(fields, "CHARGE_FULL"),
        charge_full_design_uah=absent or _full_charge(fields, "CHARGE_FULL_DESIGN"),
        energy_now_uwh=absent or _number(fields, "ENERGY_NOW", 1, 1_000_000_000),
        energy_full_uwh=absent or _number(fields, "ENERGY_FULL", 100_000, 1_000_000_000),
        energy_full_design_uwh=absent or _number(fields, "ENERGY_FULL_DESIGN", 100_000, 1_000_000_000),
        voltage_min_design_uv=_number(fields, "VOLTAGE_MIN_DESIGN", 1_000_000, 60_000_000),
        cycle_count=absent or _number(fields, "CYCLE_COUNT", 0, 100_000),
        online=_number(fields, "ONLINE", 0, 2),
    )


def parse_supply_status(text: str | None) -> Word:
    """One of `STATUSES`; `Unknown` is no knowledge."""
    if text is None:
        return NotThere("STATUS is not given")
    stripped = text.strip()
    if stripped == "Unknown":
        return NotThere("the supply says that its status is unknown")
    return stripped if stripped in STATUSES else NotThere(f"STATUS is no status: {stripped[:40]!r}")


def parse_supply_current(text: str | None) -> Whole:
    """The number as it stands. −22 and its like are a driver's error codes (−EINVAL), not currents; a current as small
    as that in µA is noise in any case.
    """
    value = whole(text, "CURRENT_NOW", -100_000_000, 100_000_000)
    if value in (-22, -61, -19, -5, -11, -110):
        return NotThere(f"CURRENT_NOW is the error code {value}")
    return value


def parse_supply_temperature(text: str | None) -> Decimal:
    """°C of a number in 0.1 °C. Exactly 0 is what a battery without a thermometer says."""
    tenths = whole(text, "temperature in 0.1 °C", -400, 1200)
    if not isinstance(tenths, int):
        return tenths
    return tenths / 10 if tenths != 0 else NotThere("temperature 0: the device does not report it")


def _fields(text: str) -> dict[str, str]:
    lines = [entry for line in whole_lines(text) for entry in _entries(line)]
    # Of the map of a log, every entry is closed by its comma but the last.
    lines += _entries(last_line(text))[:-1]
    fields: dict[str, str] = {}
    for line in lines:
        key, equals, value = line.strip().partition("=")
        if equals and re.fullmatch(r"[A-Z][A-Z0-9_]*", key):
            fields.setdefault(key.removeprefix(_PREFIX), value.strip())
    supply = {"NAME", "STATUS", "CAPACITY", "VOLTAGE_NOW", "CURRENT_NOW", "CHARGE_COUNTER", "ENERGY_NOW", "ONLINE"}
    return fields if supply & fields.keys() else {}


def _entries(line: str) -> list[str]:
    return line.split(", ") if f", {_PREFIX}" in line else [line]


def _number(fields: dict[str, str], key: str, low: int, high: int) -> Whole:
    value = whole(fields.get(key), key, -(10**18), 10**18)
    if isinstance(value, int) and value in _ERRNO and low >= 0:
        return NotThere(f"{key} is the error code {value}")
    return whole(fields.get(key), key, low, high)


def _charge(fields: dict[str, str], key: str) -> Whole:
    value = _number(fields, key, 1, 1_000_000_000)
    raw = fields.get(key, "").strip()
    if isinstance(value, NotThere) and re.fullmatch(r"-\d{1,18}", raw):
        return NotThere(f"{key} is {raw}: it counts from somewhere, not from empty")
    return value


def _full_charge(fields: dict[str, str], key: str) -> Whole:
    value = _number(fields, key, 1, 1_000_000_000)
    # Drivers of the Qualcomm 2013 generation print mAh; no battery of a phone holds less than 100 mAh.
    if isinstance(value, int) and value < 100_000:
        return value * 1000 if value >= 100 else NotThere(f"{key} cannot be {value}")
    return value
