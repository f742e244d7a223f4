"""What sbc-bench prints of a board's clocks: asked and measured, time at each, and a Raspberry Pi's throttling bits."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.lines import whole_lines
from devices.readings.unavailable import NotThere
from devices.readings.vcgencmd import Throttled, throttled_from_bits

_HEADING = re.compile(r"Checking cpufreq OPP.*:")
_STEP = re.compile(
    r"Cpufreq OPP:\s*(\d{1,5})\s+(?:ThreadX:\s*(\d{1,5})\s+)?Measured:\s*(\d{1,5})\b(?: @ (\d\.\d{1,6})V)?.*"
)
_TIME = re.compile(r"\s*(\d{1,5}) MHz:\s+(\d{1,9}(?:\.\d{1,4})?) sec\s*")


@dataclass(frozen=True)
class MeasuredClock:
    """One step: what was asked of cpufreq, and what a timed loop found. MHz."""

    asked_mhz: int
    firmware_mhz: int | None
    measured_mhz: int
    core_volts: float | None


def parse_measured_clocks(text: str) -> list[list[MeasuredClock]] | NotThere:
    """One list a cluster, in the order of the text."""
    clusters: list[list[MeasuredClock]] = []
    for line in whole_lines(text):
        if _HEADING.fullmatch(line.strip()):
            clusters.append([])
        elif (found := _STEP.fullmatch(line)) and clusters:
            firmware, volts = int(found[2]) if found[2] else None, float(found[4]) if found[4] else None
            clusters[-1].append(MeasuredClock(int(found[1]), firmware, int(found[3]), volts))
    found_any = [steps for steps in clusters if steps]
    return found_any or NotThere("there is no whole line of a measured clock")


def parse_time_at_clock(text: str) -> dict[int, float] | NotThere:
    """MHz → seconds."""
    found = {int(match[1]): float(match[2]) for line in whole_lines(text) if (match := _TIME.fullmatch(line))}
    return found or NotThere("there is no whole line of a time at a clock")


def parse_throttle_picture(text: str) -> Throttled | NotThere:
    """The nineteen bits, highest first. The legend under them swaps two: the firmware's documentation counts."""
    found = re.search(r"(?m)^([01]{19,20})\s*\n", text)
    return throttled_from_bits(int(found[1], 2)) if found else NotThere("there is no whole line of bits")
