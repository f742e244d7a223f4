"""Thermal zones of sysfs: `/sys/class/thermal/thermal_zone*/{type,temp}`, in m°C."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.bounded_number import whole
from devices.readings.lines import looks_binary, whole_lines
from devices.readings.unavailable import Decimal, NotThere, Word

_PATH_LINE = re.compile(r".*thermal_zone(\d{1,4})/(type|temp):(.*)")
_PROMPTED = re.compile(r".*\bcat \S*thermal_zone(\d{1,4})/(type|temp)\s*")


@dataclass(frozen=True)
class ThermalZone:
    """One zone. `number` is null where the text does not say it."""

    number: int | None
    kind: Word
    temperature_celsius: Decimal


def parse_zone_temperature(text: str) -> Decimal:
    """°C from the m°C of a `temp` file. What no running machine has is a sensor that is not wired."""
    if not text.strip():
        return NotThere("the zone gives no temperature")
    if "nvalid argument" in text or "rror" in text:
        return NotThere(f"the zone cannot be read: {text.strip()[-60:]}")
    lines = whole_lines(text)
    if len(lines) != 1:
        return NotThere("the zone's temperature is not one whole line")
    value = whole(lines[0], "temperature in m°C", -1_000_000, 1_000_000)
    return _celsius(value) if isinstance(value, int) else value


def _celsius(millidegrees: int) -> Decimal:
    celsius = millidegrees / 1000.0
    if millidegrees == 0:
        return NotThere("the zone says exactly 0: no sensor there")
    if abs(millidegrees) < 1000:
        return NotThere(f"the zone says {millidegrees}, which is no temperature in m°C")
    # Tables of a thermistor end at 125 °C and at −40 °C: that is what an open or a short one reads.
    return celsius if -30.0 <= celsius < 125.0 else NotThere(f"{celsius:g} °C is not plausible: no sensor there")


def parse_thermal_zone(text: str) -> ThermalZone:
    """One zone from its `type` and `temp` after each other."""
    lines = whole_lines(text)
    kind: Word = NotThere("the zone has no type")
    if lines and _is_kind(lines[0]):
        kind = lines[0].strip()
        lines = lines[1:]
    if isinstance(kind, str) and len(lines) != 1:
        return ThermalZone(None, kind, NotThere("the zone gives no temperature"))
    return ThermalZone(None, kind, parse_zone_temperature(text if isinstance(kind, NotThere) else lines[0] + "\n"))


def parse_thermal_zones(text: str) -> dict[int, ThermalZone]:
    """Zones by number, from lines `…/thermal_zoneN/type:value`, or from a terminal's `cat` lines and their answers."""
    found: dict[int, dict[str, str]] = {}
    asked: tuple[int, str] | None = None
    for line in whole_lines(text):
        direct, prompted = _PATH_LINE.fullmatch(line), _PROMPTED.fullmatch(line)
        if direct:
            found.setdefault(int(direct[1]), {})[direct[2]] = direct[3]
        elif prompted:
            asked = int(prompted[1]), prompted[2]
            continue
        elif asked is not None:
            found.setdefault(asked[0], {})[asked[1]] = line
        asked = None
    return {
        number: ThermalZone(
            number,
            parts["type"].strip() if _is_kind(parts.get("type", "")) else NotThere("the zone has no type"),
            parse_zone_temperature(parts.get("temp", "") + "\n"),
        )
        for number, parts in sorted(found.items())
    }


def _is_kind(text: str) -> bool:
    kind = text.strip()
    complains = kind.endswith(("denied", "argument", "directory", "error", "available"))
    return re.fullmatch(r"[A-Za-z][\w .+-]{0,60}", kind) is not None and not complains and not looks_binary(kind)
