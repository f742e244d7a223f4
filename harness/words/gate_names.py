"""What the gates of a device are called, in one table: in waits, warnings and what a device can be asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class GateName:
    """One condition, as people read it."""

    reading: str
    """What is read, after `the`: `the load of others could not be read`."""
    gate: str
    """Before the word gate: `the load gate did not hold`."""
    ability: str
    """What a device that has it can say: `whether the battery is charged`."""


GATE_NAMES: Final = {
    "battery_status": GateName("battery status", "charging", "whether the battery is charged"),
    "battery_level": GateName("battery level", "battery level", "how full the battery is"),
    "temperature": GateName("temperature", "temperature", "temperature"),
    "thermal_status": GateName("thermal status", "thermal status", "Android's thermal status"),
    "governor": GateName("governor", "governor", "the clock governor stays"),
    "clock_limit": GateName("clock limit", "clock limit", "the clock's limit stays"),
    "screen": GateName("screen", "screen", "the screen stays on or off"),
    "others_busy_cores": GateName("load of others", "load", "load of others"),
}
"""Conditions in the order of a pass."""


def gate_name(condition: str) -> GateName:
    """By a condition's id; of `governor_4`, the fourth core's clock domain, with its number. One that this bakeoff does
    not know keeps its own words.
    """
    base, number = re.fullmatch(r"(.*?)(_\d{1,4})?", condition, re.DOTALL).groups()  # type: ignore[union-attr]
    words = base.replace("_", " ")
    found = GATE_NAMES.get(base, GateName(words, words, words))
    if number is None:
        return found
    suffix = f" {number[1:]}"
    return GateName(found.reading + suffix, found.gate + suffix, found.ability + suffix)
