"""Power rails behind the battery, cumulative energy in µWs (µJ): iio devices of sysfs, and the power stats HAL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.lines import whole_lines
from devices.readings.unavailable import NotThere

_ENERGY = re.compile(r"CH(\d{1,3})\(T=(\d{1,18})\)\[([\w.-]+)\], (\d{1,19})")
_ENABLED = re.compile(r"CH(\d{1,3})\[([\w.-]+)\]:(.+)")
_CHANNEL = re.compile(r"ChannelId: (\d{1,6}), ChannelName: ([\w.-]+), ChannelSubsystem: (.+)")
_METER_BEGIN = re.compile(r"=+ PowerStats HAL 2\.0 energy meter =+")
_METER_END = re.compile(r"=+ End of PowerStats HAL 2\.0 energy meter =+")
_METER_LINE = re.compile(r"\s*(?:\[([\w.-]+)\]:(.+?)|([\w.-]+))\s+(\d{1,19}\.\d\d) mWs(?: \(.*\))?\s*")


@dataclass(frozen=True)
class RailEnergy:
    """One rail's counter."""

    name: str
    energy_uj: float
    time_ms: int | None
    """The meter's own stamp, since boot; null where it is not printed."""


@dataclass(frozen=True)
class RailEnergies:
    """All rails of one look, by name."""

    rails: dict[str, RailEnergy]
    times_ms: tuple[int, ...]
    """One `t=` a meter, in order."""
    resolution_uj: float
    """The resolution of one counter."""


@dataclass(frozen=True)
class RailName:
    """A channel as the meter lists it."""

    channel: int
    name: str
    subsystem: str


def parse_energy_value(text: str) -> RailEnergies | NotThere:
    """`energy_value` of one or several `/sys/bus/iio/devices/iio:device*`, after each other. Channels of two meters
    have the same numbers: rails go by name.
    """
    times: list[int] = []
    rails: dict[str, RailEnergy] = {}
    for line in whole_lines(text):
        if re.fullmatch(r"t=\d{1,18}", line):
            times.append(int(line[2:]))
        elif found := _ENERGY.fullmatch(line):
            if found[3] in rails:
                return NotThere(f"the rail {found[3]} is listed twice")
            rails[found[3]] = RailEnergy(found[3], float(found[4]), int(found[2]))
    if not rails:
        return NotThere("there is no whole line of a rail")
    return RailEnergies(rails, tuple(times), 1.0)


def parse_enabled_rails(text: str) -> list[RailName] | NotThere:
    """`enabled_rails` of an iio device."""
    found = [_ENABLED.fullmatch(line) for line in whole_lines(text)]
    names = [RailName(int(match[1]), match[2], match[3].strip()) for match in found if match]
    return names or NotThere("there is no whole line of a rail")


def parse_powerstats_channels(text: str) -> list[RailName] | NotThere:
    """The channels that `dumpsys powerstats` lists, in its order, wherever they stand."""
    found = [_CHANNEL.fullmatch(line.strip()) for line in whole_lines(text)]
    names = [RailName(int(match[1]), match[2], match[3].strip()) for match in found if match]
    return names or NotThere("there is no whole line of a channel")


def parse_energy_meter(text: str) -> RailEnergies | NotThere:
    """The energy meter of `dumpsys android.hardware.power.stats.IPowerStats/default`, in mWs with two decimals.

    The HAL prints µWs / 1000 through a 32-bit float (PowerStats::dumpEnergyMeter), whose step grows with the counter:
    `resolution_uj` is the largest step of all rails. The section must be whole.
    """
    lines = whole_lines(text)
    begin = next((at for at, line in enumerate(lines) if _METER_BEGIN.fullmatch(line.strip())), None)
    end = next((at for at, line in enumerate(lines) if _METER_END.fullmatch(line.strip())), None)
    if begin is None or end is None or end < begin:
        return NotThere("there is no whole section of the energy meter")
    rails: dict[str, RailEnergy] = {}
    for line in lines[begin:end]:
        if found := _METER_LINE.fullmatch(line):
            name = found[1] or found[3]
            rails[name] = RailEnergy(name, float(found[4]) * 1000.0, None)
    if not rails:
        return NotThere("the energy meter lists no rail")
    return RailEnergies(rails, (), max(_float32_step_uj(rail.energy_uj) for rail in rails.values()))


def _float32_step_uj(energy_uj: float) -> float:
    # 24 bits of significand, and the two printed decimals of a mWs.
    exponent = max(int(energy_uj).bit_length() - 24, 0)
    return max(float(1 << exponent), 10.0)
