"""`dumpsys battery`: what Android believes of the battery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devices.readings.absent_battery import absent_battery
from devices.readings.bounded_number import whole
from devices.readings.lines import last_line, whole_lines
from devices.readings.power_supply import parse_supply_temperature
from devices.readings.unavailable import Decimal, NotThere, Whole, Word

STATUSES: Final = {1: "unknown", 2: "charging", 3: "discharging", 4: "not charging", 5: "full"}
"""android.os.BatteryManager.BATTERY_STATUS_*."""


@dataclass(frozen=True)
class DumpsysBattery:
    """One look. Vendors' own lines are left out, but for Samsung's `current now`. Of a battery that is not there only
    what feeds the device is told.
    """

    level_percent: Decimal
    status: Word
    """One of `STATUSES`. It can disagree with what the battery does."""
    ac_powered: bool | NotThere
    usb_powered: bool | NotThere
    wireless_powered: bool | NotThere
    voltage_mv: Whole
    temperature_celsius: Decimal
    charge_counter_uah: Whole
    max_charging_current_ua: Whole
    max_charging_voltage_uv: Whole
    current_now_raw: Whole
    """The current that Samsung phones print: mA on most, µA on some; its sign is the vendor's."""
    absent: NotThere | None = None
    """Why there is no battery; null where there is one."""


def parse_dumpsys_battery(text: str) -> DumpsysBattery | NotThere:
    """Fields of the first line of each name (`mod level: -1` is another name than `level`)."""
    fields: dict[str, str] = {}
    for line in whole_lines(text):
        name, colon, value = line.strip().partition(":")
        if colon:
            fields.setdefault(name, value.strip())
    # A voltage that lost a digit is no voltage of a battery, so that it is believed without its line end too.
    name, _, value = last_line(text).strip().partition(":")
    if name == "voltage":
        fields.setdefault(name, value.strip())
    if tells_set_values(text):
        return NotThere("the battery service tells set values, not real ones; undo with: dumpsys battery reset")
    if not {"level", "status", "voltage", "AC powered"} & fields.keys():
        return NotThere("this is no output of dumpsys battery")
    absent = absent_battery(
        present=fields.get("present"),
        level=fields.get("level"),
        voltage=fields.get("voltage"),
        temperature=fields.get("temperature"),
    )
    level = whole(fields.get("level"), "level", 0, 10_000)
    scale = whole(fields.get("scale"), "scale", 1, 10_000) if "scale" in fields else 100
    status = whole(fields.get("status"), "status", 1, 5)
    return DumpsysBattery(
        level_percent=absent or _percent(level, scale),
        status=absent or (STATUSES[status] if isinstance(status, int) else status),
        ac_powered=_truth(fields, "AC powered"),
        usb_powered=_truth(fields, "USB powered"),
        wireless_powered=_truth(fields, "Wireless powered"),
        voltage_mv=absent or _voltage(fields.get("voltage")),
        temperature_celsius=absent or parse_supply_temperature(fields.get("temperature")),
        charge_counter_uah=absent or _counter(fields.get("Charge counter")),
        max_charging_current_ua=whole(fields.get("Max charging current"), "max charging current", 0, 100_000_000),
        max_charging_voltage_uv=whole(fields.get("Max charging voltage"), "max charging voltage", 0, 100_000_000),
        current_now_raw=absent or whole(fields.get("current now"), "current now", -100_000_000, 100_000_000),
        absent=absent,
    )


def tells_set_values(text: str) -> bool:
    """Whether somebody has set values (`dumpsys battery unplug`, `set …`) and not undone it: none is a reading then."""
    return "UPDATES STOPPED" in text


def _percent(level: Whole, scale: Whole) -> Decimal:
    if not isinstance(level, int):
        return level
    if not isinstance(scale, int):
        return scale
    return 100.0 * level / scale if level <= scale else NotThere(f"level {level} is above its scale {scale}")


def _truth(fields: dict[str, str], name: str) -> bool | NotThere:
    value = fields.get(name)
    if value is None:
        return NotThere(f"{name} is not given")
    return value == "true" if re.fullmatch("true|false", value) else NotThere(f"{name} is neither true nor false")


def _voltage(text: str | None) -> Whole:
    if text is not None and text.strip() == "0":
        return NotThere("voltage 0: the battery service does not report it")
    return whole(text, "voltage in mV", 1000, 60_000)


def _counter(text: str | None) -> Whole:
    if text is not None and text.strip() == "0":
        return NotThere("charge counter 0: the device has none")
    return whole(text, "charge counter in µAh", 1, 1_000_000_000)
