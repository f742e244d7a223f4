"""The file of an external meter: columns and times of a CSV, whatever meter wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from devices.readings.bounded_number import decimal
from devices.readings.unavailable import NotThere

_UNITS = {"n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}
_TIME_UNITS = {
    "s": 1e9,
    "sec": 1e9,
    "secs": 1e9,
    "second": 1e9,
    "seconds": 1e9,
    "ms": 1e6,
    "us": 1e3,
    "µs": 1e3,
    "ns": 1.0,
}
_YEAR_2001_S = 1e9
_WANTED = {
    "time": r"time|timestamp|date|datetime|t|elapsed|unixtime|epoch",
    "power": r"power|p|watt|watts|w|pbus",
    "voltage": r"voltage|volt|volts|v|vbus|u|main avg voltage|bus voltage",
    "current": r"current|ampere|amps|amp|i|ibus|main avg current|a",
}


@dataclass(frozen=True)
class MeterLog:
    """Samples in order. Times are ns since 1970 by the meter's clock; since its start where `is_relative`."""

    times_ns: tuple[int, ...]
    power_mw: tuple[float, ...]
    columns: str
    """Which were used, as the file names them."""
    is_relative: bool


@dataclass(frozen=True)
class _Column:
    index: int
    name: str
    factor: float
    """To ns, W, V or A; 0 where a time's unit is not written."""


def parse_meter_csv(text: str) -> MeterLog | NotThere:
    """Power, or voltage × current, by columns that the heading names with their unit: `Time (s)`, `voltage_V`,
    `Current(mA)`, `Power [W]`. Separators `,` `;` tab and blanks; a comma as the decimal point where `;` or a tab
    separates.

    Times are ISO 8601 (UTC where no zone is written), or numbers: since 1970 where they are as large as that, in the
    heading's unit or the one that fits; else since the meter's start.
    """
    lines = [line.strip("\r\ufeff ") for line in text.splitlines()]
    for at, line in enumerate(lines[:200]):
        for separator in (";", "\t", ",", None):
            columns = _columns(_cells(line, separator))
            if columns is not None:
                return _read(lines[at + 1 :], separator, columns)
    return NotThere("no line names a time and a power, or a time, a voltage and a current")


def _cells(line: str, separator: str | None) -> list[str]:
    return [cell.strip().strip('"') for cell in line.lstrip("# ").split(separator)]


def _columns(names: Sequence[str]) -> dict[str, _Column] | None:
    found: dict[str, _Column] = {}
    for index, name in enumerate(names):
        unit_match = re.fullmatch(r"(.*?)[ _]*[\[(]\s*([^\])]*)\s*[\])]\s*|(.*)_([A-Za-zµμ]{1,4})", name)
        bare = (unit_match[1] or unit_match[3] or "") if unit_match else name
        unit = (unit_match[2] or unit_match[4] or "") if unit_match else ""
        for role, pattern in _WANTED.items():
            if role not in found and re.fullmatch(pattern, bare.strip().lower()):
                factor = _factor(role, unit)
                if factor is not None:
                    found[role] = _Column(index, name, factor)
    enough = "time" in found and ("power" in found or {"voltage", "current"} <= found.keys())
    return found if enough else None


def _factor(role: str, unit: str) -> float | None:
    unit = unit.strip()
    if role == "time":
        return 0.0 if not unit or "utc" in unit.lower() else _TIME_UNITS.get(unit.lower())
    letter = {"power": "W", "voltage": "V", "current": "A"}[role]
    if not unit:
        return 1.0
    return _UNITS.get(unit[:-1]) if unit.endswith(letter) else None


def _read(lines: Sequence[str], separator: str | None, columns: dict[str, _Column]) -> MeterLog | NotThere:
    roles = ("time", "power") if "power" in columns else ("time", "voltage", "current")
    times: list[float] = []
    powers: list[float] = []
    is_dated = False
    for line in lines:
        cells = _cells(line, separator)
        if max(columns[role].index for role in roles) >= len(cells):
            continue
        if separator in (";", "\t"):
            cells = [cell.replace(",", ".") if re.fullmatch(r"[+-]?\d+,\d+", cell) else cell for cell in cells]
        values = [decimal(cells[columns[role].index], role, -1e9, 1e9) for role in roles[1:]]
        stamp = _stamp(cells[columns["time"].index])
        if stamp is None or any(isinstance(value, NotThere) for value in values):
            continue
        numbers = [
            float(value) * columns[role].factor
            for value, role in zip(values, roles[1:], strict=True)
            if value is not None and not isinstance(value, NotThere)
        ]
        times.append(stamp[0])
        is_dated = is_dated or stamp[1]
        powers.append(abs(numbers[0] * (numbers[1] if len(numbers) > 1 else 1.0)) * 1e3)
    if len(times) < 2:
        return NotThere("the meter's file holds no two samples")
    scale = 1.0 if is_dated else columns["time"].factor or _guess_scale(times)
    if scale == 0.0:
        return NotThere(f"the unit of the column {columns['time'].name!r} cannot be told: write it as `Time (s)`")
    stamps = tuple(round(time * scale) for time in times)
    if any(two < one for one, two in pairwise(stamps)):
        return NotThere("the meter's times go backwards: its clock was set while it measured")
    used = ", ".join(columns[role].name for role in roles)
    return MeterLog(stamps, tuple(powers), used, is_relative=stamps[0] < _YEAR_2001_S * 1e9)


def _stamp(text: str) -> tuple[float, bool] | None:
    """A number as it is, or a date as ns since 1970; and whether it was a date."""
    number = decimal(text, "time", 0.0, 1e20)
    if isinstance(number, float):
        return number, False
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
    zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    since = zoned - datetime(1970, 1, 1, tzinfo=UTC)
    return float((since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000), True


def _guess_scale(times: Sequence[float]) -> float:
    """ns per unit of a time since 1970, by its size; 0 for others: nothing tells seconds from milliseconds."""
    for scale in (1e9, 1e6, 1e3, 1.0):
        if _YEAR_2001_S <= times[0] * scale / 1e9 < 10 * _YEAR_2001_S:
            return scale
    return 0.0
