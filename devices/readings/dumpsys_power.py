"""`dumpsys power`: whether the screen is on, and from what the device is powered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.readings.bounded_number import whole
from devices.readings.lines import whole_lines
from devices.readings.unavailable import NotThere, Whole, Word

WAKEFULNESS: Final = ("Asleep", "Awake", "Dreaming", "Dozing")
"""android.os.PowerManagerInternal.WAKEFULNESS_*. Dozing: the screen is off, or shows the ambient display."""

PLUG_TYPES: Final = {0: "none", 1: "ac", 2: "usb", 4: "wireless", 8: "dock"}


@dataclass(frozen=True)
class DumpsysPower:
    """One look."""

    wakefulness: Word
    is_changing: bool | NotThere
    is_powered: bool | NotThere
    plug_type: Word
    battery_level_percent: Whole
    """A constant on devices without a battery."""


def parse_dumpsys_power(text: str) -> DumpsysPower | NotThere:
    """Lines `mName=value`; the first of a name counts."""
    fields: dict[str, str] = {}
    for line in whole_lines(text):
        name, equals, value = line.strip().partition("=")
        if equals:
            fields.setdefault(name, value.strip())
    if not {"mWakefulness", "mIsPowered", "mPlugType"} & fields.keys():
        return NotThere("this is no output of dumpsys power")
    state = fields.get("mWakefulness")
    plug = whole(fields.get("mPlugType"), "mPlugType", 0, 8)
    return DumpsysPower(
        wakefulness=state if state in WAKEFULNESS else NotThere(f"mWakefulness is {str(state)[:40]!r}"),
        is_changing=_truth(fields, "mWakefulnessChanging"),
        is_powered=_truth(fields, "mIsPowered"),
        plug_type=PLUG_TYPES.get(plug, NotThere(f"mPlugType is {plug}")) if isinstance(plug, int) else plug,
        battery_level_percent=whole(fields.get("mBatteryLevel"), "mBatteryLevel", 0, 100),
    )


def _truth(fields: dict[str, str], name: str) -> bool | NotThere:
    value = fields.get(name)
    return value == "true" if value in ("true", "false") else NotThere(f"{name} is not given")
