"""One line of `tegrastats` of a Jetson."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.bounded_number import decimal, whole
from devices.readings.unavailable import NotThere, Whole

_RAIL = re.compile(r"(?<!\S)((?:VDD|VIN|VDDQ|POM|SYS|CPU|GPU|SOC|CV)[A-Z0-9_]*) (\d{1,7})(mW)?/\d{1,7}(?:mW)?(?=[\s/])")
_TEMPERATURE = re.compile(r"(?<!\S)([A-Za-z]\w*)@(-?\d{1,4}(?:\.\d{1,4})?)C(?=[\s/])")


@dataclass(frozen=True)
class Tegrastats:
    """Memory is in MB as printed (2²⁰ bytes); powers are the first value of each rail, the momentary one."""

    ram_used_mb: Whole
    ram_total_mb: Whole
    gpu_busy_percent: Whole
    gpu_clock_mhz: Whole
    """The clock of the first cluster."""
    rails_mw: dict[str, int]
    temperatures_celsius: dict[str, float]
    """Without those that are known to be constants (PMIC@50C, -256C of a powered-down engine)."""


def parse_tegrastats(text: str) -> Tegrastats | NotThere:
    """The last whole line of the text that is one of tegrastats."""
    lines = [line for line in text.splitlines(keepends=True) if "RAM " in line and "CPU [" in line]
    if not lines:
        return NotThere("this is no line of tegrastats")
    line = lines[-1]
    ram = re.search(r"(?<!\S)RAM (\d{1,8})/(\d{1,8})MB\b", line)
    gpu = re.search(r"(?<!\S)GR3D_FREQ (\d{1,3})%(?=([@\s]))(?:@\[?(\d{1,5})(?=[\],\s]))?", line)
    temperatures = {name: decimal(value, name, -50.0, 150.0) for name, value in _TEMPERATURE.findall(line)}
    return Tegrastats(
        ram_used_mb=whole(ram[1] if ram else None, "RAM used", 0, 10_000_000),
        ram_total_mb=whole(ram[2] if ram else None, "RAM in all", 1, 10_000_000),
        gpu_busy_percent=whole(gpu[1] if gpu else None, "GR3D_FREQ", 0, 100),
        gpu_clock_mhz=whole(gpu[3] if gpu else None, "the GPU's clock", 0, 10_000),
        rails_mw={name: int(value) for name, value, _ in _RAIL.findall(line)},
        temperatures_celsius={
            name: value for name, value in temperatures.items() if isinstance(value, float) and name != "PMIC"
        },
    )
