"""Current and power sensors of hwmon (INA219, INA226, INA3221, …): mV, mA, µW, µJ and µΩ side by side in one folder."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from devices.readings.bounded_number import whole
from devices.readings.lines import whole_lines
from devices.readings.unavailable import NotThere, Whole, Word

_BOUNDS: Final = {
    "in": (-1_000, 100_000),
    "curr": (-1_000_000, 1_000_000),
    "power": (0, 10_000_000_000),
    "energy": (0, (1 << 63) - 1),
}
_UNITS = {"in": "mV", "curr": "mA", "power": "µW", "energy": "µJ"}
_CHANNEL_FILE = re.compile(r"(in|curr|power|energy)(\d{1,3})_(input|label)")
_NO_SHUNT: Final = NotThere("shunt_resistor is not given")
_BANNER = re.compile(r"-{3,}")


@dataclass(frozen=True)
class HwmonSensor:
    """One folder. Keys of the values are such as `in1`, `curr1`, `power1`, `energy1`."""

    folder: str
    chip: Word
    values: dict[str, Whole] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    shunt_uohm: Whole = _NO_SHUNT


def parse_hwmon_value(name: str, text: str) -> Whole:
    """The number of one file such as `curr1_input`, in the unit that hwmon gives it."""
    if name == "shunt_resistor":
        return _one_line(text, name, 1, 1_000_000_000)
    found = _CHANNEL_FILE.fullmatch(name)
    if found is None or found[2] is None or found[3] != "input":
        return NotThere(f"{name} is no file of a sensor's value")
    low, high = _BOUNDS[found[1]]
    return _one_line(text, f"{name} in {_UNITS[found[1]]}", low, high)


def parse_hwmon_values(text: str, names: tuple[str, ...]) -> dict[str, Whole]:
    """`cat` of several files of one folder after each other, whose names are known."""
    lines = whole_lines(text)
    if len(lines) != len(names):
        reason = f"{len(lines)} whole lines for {len(names)} files: which is whose cannot be told"
        return {name: NotThere(reason) for name in names}
    return {name: parse_hwmon_value(name, line + "\n") for name, line in zip(names, lines, strict=True)}


def parse_hwmon_dump(text: str) -> dict[str, HwmonSensor]:
    """Folder → sensor, from a dump: each file's path between lines of dashes, then its content or the error of
    reading it.
    """
    contents: dict[str, str] = {}
    lines = whole_lines(text)
    index = 0
    while index + 2 < len(lines):
        if _BANNER.fullmatch(lines[index]) and lines[index + 1].startswith("/") and _BANNER.fullmatch(lines[index + 2]):
            path, index = lines[index + 1], index + 3
            begin = index
            while index < len(lines) and not _BANNER.fullmatch(lines[index]):
                index += 1
            contents.setdefault(path, "".join(f"{line}\n" for line in lines[begin:index]))
        else:
            index += 1
    return collect_hwmon(contents)


def collect_hwmon(contents: dict[str, str]) -> dict[str, HwmonSensor]:
    """Folder → sensor, from file contents by path."""
    folders: dict[str, HwmonSensor] = {}
    for path, text in contents.items():
        folder, _, name = path.rpartition("/")
        found = _CHANNEL_FILE.fullmatch(name)
        # A driver keeps its `name` a level or two above hwmonN as well.
        if found is None and name != "shunt_resistor":
            continue
        sensor = folders.setdefault(folder, HwmonSensor(folder, _chip(folder, contents)))
        if found is not None and found[3] == "label":
            if text.strip():
                sensor.labels[f"{found[1]}{found[2]}"] = text.strip()
        elif found is not None:
            sensor.values[f"{found[1]}{found[2]}"] = parse_hwmon_value(name, text)
        else:
            shunt = parse_hwmon_value(name, text)
            folders[folder] = HwmonSensor(folder, sensor.chip, sensor.values, sensor.labels, shunt)
    return folders


def _chip(folder: str, contents: dict[str, str]) -> Word:
    for place in (folder, folder.rpartition("/")[0], folder.partition("/hwmon/")[0]):
        name = contents.get(f"{place}/name", "").strip()
        if re.fullmatch(r"[\w-]{1,40}", name):
            return name
    return NotThere("the sensor has no name")


def _one_line(text: str, what: str, low: int, high: int) -> Whole:
    if "cat:" in text or "rror" in text:
        return NotThere(f"{what} cannot be read: {text.strip()[-60:]}")
    lines = whole_lines(text)
    if len(lines) != 1:
        return NotThere(f"{what} is not one whole line")
    return whole(lines[0], what, low, high)
