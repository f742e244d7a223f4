"""Batteries that are not there: services and drivers answer for them all the same, with zeros."""

from __future__ import annotations

import re

from devices.readings.unavailable import NotThere

_ZERO = re.compile(r"[+-]?0+(?:\.0*)?")


def absent_battery(
    *, present: str | None, level: str | None, voltage: str | None, temperature: str | None
) -> NotThere | None:
    """Why no value of a battery is a reading, from its texts as printed; null where there is one.

    A box on the mains says so (`present: false`), or gives level 0 without a voltage, or neither voltage nor warmth. A
    battery that is really empty has a voltage, and one in the cold a voltage too.
    """
    if present is not None and present.strip().lower() in ("false", "0"):
        return NotThere("there is no battery: it says present: false")
    no_voltage = voltage is None or _is_zero(voltage)
    if level is not None and _is_zero(level) and no_voltage:
        return NotThere("there is no battery: it says level 0 and no voltage")
    if voltage is not None and _is_zero(voltage) and temperature is not None and _is_zero(temperature):
        return NotThere("there is no battery: it says voltage 0 and temperature 0")
    return None


def _is_zero(text: str) -> bool:
    return _ZERO.fullmatch(text.strip()) is not None
