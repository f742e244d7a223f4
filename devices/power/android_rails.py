"""Power rails behind the battery of an Android phone: cumulative energy, which charging does not disturb."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from devices.power.block import BlockLike, ReadingLike, look_through, unfit
from devices.power.counted import energy_of_rate
from devices.power.probes import CommandToRun, FileToRead, ToRead
from devices.power.source import BlockEnergy, Channel, EnergyReadings, EnergySource, FoundSource, SourceReadout, readout
from devices.power.survey import Survey
from devices.readings.power_rails import RailEnergies, parse_energy_meter, parse_energy_value
from devices.readings.unavailable import NotThere

_TOLD_FROM: Final = 8
"""Values of a rail that differ, from which on their greatest common step is the rail's own."""
_HAL: Final = (
    "dumpsys android.hardware.power.stats.IPowerStats/default | sed -n '/energy meter =/,/End of.*energy meter =/p'"
)


def find(survey: Survey) -> FoundSource | NotThere:
    """The meters of sysfs, which carry times of their own, where they may be read (root); else the power stats HAL.

    All rails are added up. Not every consumer of a phone has one.
    """
    meters = {
        folder: rails
        for folder, files in survey.folders(r"/sys/bus/iio/devices/iio:device\d+").items()
        if isinstance(rails := parse_energy_value(files.get("energy_value", "")), RailEnergies)
    }
    if meters:
        probes: tuple[ToRead, ...] = tuple(
            FileToRead(f"rails_{at}", f"{folder}/energy_value") for at, folder in enumerate(meters)
        )
        looked = {f"rails_{at}": rails for at, rails in enumerate(meters.values())}
        how = "iio"
    else:
        meter = parse_energy_meter(survey.answers.get("power_stats", ""))
        if isinstance(meter, NotThere):
            return NotThere("the device gives no energy of power rails")
        probes, looked, how = (CommandToRun("rails_hal", ("sh", "-c", _HAL)),), {"rails_hal": meter}, "power stats HAL"
    channels = tuple(Channel(name, {"energy": probe}) for probe, rails in looked.items() for name in rails.rails)
    names = ", ".join(channel.name for channel in channels)
    return FoundSource("android_rails", f"{len(channels)} power rails added up, by {how}: {names}", channels, probes)


def measure(found: FoundSource, evidence: EnergyReadings) -> SourceReadout:
    """Energy from the first to the last look at each meter, over the meter's own time where it prints one."""
    names: dict[str, list[str]] = {}
    for channel in found.channels:
        names.setdefault(channel.probes["energy"], []).append(channel.name)
    seen_uj = {probe: _seen_step_uj(evidence.blocks, probe, rails) for probe, rails in names.items()}
    return readout(found, evidence, lambda block: _energy(names, seen_uj, block))


def _seen_step_uj(blocks: Sequence[BlockLike], probe: str, names: list[str]) -> float:
    """What a meter's rails really move by: their values, printed in µJ, may all be multiples of joules. Of several
    rails as of independent errors; 0 where too few values were seen to tell.
    """
    values: dict[str, set[int]] = {name: set() for name in names}
    for block in blocks:
        for _, found in look_through(block, probe, _parser(probe)):
            for name in names:
                if name in found.rails:
                    values[name].add(round(found.rails[name].energy_uj))
    known = [sorted(each) for each in values.values() if len(each) >= _TOLD_FROM]
    return math.hypot(*(math.gcd(*(value - each[0] for value in each)) for each in known))


def _parser(probe: str) -> Callable[[str], RailEnergies | NotThere]:
    return parse_energy_meter if probe == "rails_hal" else parse_energy_value


def _energy(names: Mapping[str, list[str]], seen_uj: Mapping[str, float], block: BlockLike) -> BlockEnergy | NotThere:
    reason = unfit(block)
    if reason is not None:
        return reason
    parts: list[BlockEnergy] = []
    for probe, rails in names.items():
        part = _of_one_meter(block, probe, rails, seen_uj[probe])
        if isinstance(part, NotThere):
            return part
        parts.append(part)
    return BlockEnergy(
        sum(part.energy_mj for part in parts),
        sum(part.resolution_mj for part in parts),
        sum(part.power_mw for part in parts),
        min(part.covered_ns for part in parts),
    )


def _of_one_meter(block: BlockLike, probe: str, names: list[str], seen_uj: float) -> BlockEnergy | NotThere:
    looks: list[tuple[ReadingLike, RailEnergies]] = look_through(block, probe, _parser(probe))
    asked = [one for one in block.readings if one.probe == probe]
    if len(looks) < 2 or asked[0] is not looks[0][0] or asked[-1] is not looks[-1][0]:
        return NotThere("the rails could not be read at both ends of the block")
    (first, before), (last, after) = looks[0], looks[-1]
    lost = [name for name in names if name not in before.rails or name not in after.rails]
    if lost:
        return NotThere(f"the rail {lost[0]} was lost")
    steps = {name: after.rails[name].energy_uj - before.rails[name].energy_uj for name in names}
    backwards = [name for name, step in steps.items() if step < 0]
    if backwards:
        return NotThere(f"the rail {backwards[0]} went backwards: its counter was reset, and its range is not known")
    step_uj = max(before.resolution_uj, after.resolution_uj) * len(names) ** 0.5
    times = (before.rails[names[0]].time_ms, after.rails[names[0]].time_ms)
    if times[0] is not None and times[1] is not None:
        if times[1] < times[0]:
            return NotThere("the rails' own time went backwards: the device restarted")
        return energy_of_rate(
            block,
            sum(steps.values()),
            (times[1] - times[0]) * 1e6,
            step_uj=step_uj,
            time_error_ns=1e6,
            seen_step_uj=seen_uj,
        )
    covered = (last.monotonic_ns + last.took_ns / 2) - (first.monotonic_ns + first.took_ns / 2)
    error = (first.took_ns + last.took_ns) / 2
    return energy_of_rate(
        block, sum(steps.values()), covered, step_uj=step_uj, time_error_ns=error, seen_step_uj=seen_uj
    )


SOURCE: Final = EnergySource("android_rails", "power rails behind the battery", 1, False, find, measure)
