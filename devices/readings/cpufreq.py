"""Clocks of the processors: `/sys/devices/system/cpu/cpufreq/policy*/…`, in kHz.

What the kernel says is what it asked for: firmware may run another clock (a Raspberry Pi 5 never goes below 1500 MHz).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.bounded_number import whole
from devices.readings.lines import whole_lines
from devices.readings.unavailable import NotThere, Whole, Word

_LINE = re.compile(r".*/(policy\d{1,4}|cpu\d{1,4}/cpufreq)/(\w+):(.*)")


@dataclass(frozen=True)
class ClockPolicy:
    """One clock domain."""

    name: str
    governor: Word
    current_khz: Whole
    minimum_khz: Whole
    """What the hardware's driver declares, as `maximum_khz`; boost steps included, reached or not."""
    maximum_khz: Whole
    limit_min_khz: Whole
    """What is allowed now (scaling_min_freq, scaling_max_freq)."""
    limit_max_khz: Whole
    available_khz: tuple[int, ...] | NotThere
    boost_khz: tuple[int, ...] | NotThere
    governors: tuple[str, ...] | NotThere


def parse_frequencies(text: str) -> tuple[int, ...] | NotThere:
    """kHz of `scaling_available_frequencies` or `scaling_boost_frequencies`: one line; an empty one has no steps."""
    lines = whole_lines(text)
    if len(lines) != 1:
        return NotThere("the list of frequencies is not one whole line")
    values = [whole(word, "frequency in kHz", 1_000, 20_000_000) for word in lines[0].split()]
    numbers = tuple(value for value in values if isinstance(value, int))
    return numbers if len(numbers) == len(values) else NotThere("the list of frequencies holds other things")


def parse_governors(text: str) -> tuple[str, ...] | NotThere:
    """Names of `scaling_available_governors`."""
    lines = whole_lines(text)
    words = tuple(lines[0].split()) if len(lines) == 1 else ()
    if not words or not all(re.fullmatch(r"[a-z][\w-]{1,30}", word) for word in words):
        return NotThere("this is no list of governors")
    return words


def parse_clock_policies(text: str) -> dict[str, ClockPolicy]:
    """Policies by name, from lines `path:value` as `grep . …/policy*/*` prints them."""
    found: dict[str, dict[str, str]] = {}
    for line in whole_lines(text):
        if match := _LINE.fullmatch(line):
            found.setdefault(match[1], {})[match[2]] = match[3]
    return {name: _policy(name, values) for name, values in found.items()}


def _policy(name: str, values: dict[str, str]) -> ClockPolicy:
    def khz(*files: str) -> Whole:
        text = next((values[file] for file in files if file in values), None)
        return whole(text, files[0], 1_000, 20_000_000)

    def line(file: str) -> str:
        return values[file] + "\n" if file in values else ""

    governor = values.get("scaling_governor", "").strip()
    return ClockPolicy(
        name=name,
        governor=governor if re.fullmatch(r"[a-z][\w-]{1,30}", governor) else NotThere("no governor is given"),
        current_khz=khz("scaling_cur_freq", "cpuinfo_cur_freq"),
        minimum_khz=khz("cpuinfo_min_freq"),
        maximum_khz=khz("cpuinfo_max_freq"),
        limit_min_khz=khz("scaling_min_freq"),
        limit_max_khz=khz("scaling_max_freq"),
        available_khz=parse_frequencies(line("scaling_available_frequencies")),
        boost_khz=parse_frequencies(line("scaling_boost_frequencies")),
        governors=parse_governors(line("scaling_available_governors")),
    )
