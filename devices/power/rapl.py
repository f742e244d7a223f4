"""RAPL of x86 processors: cumulative µJ of packages and memory, without the rest of the machine."""

from __future__ import annotations

from typing import Final

from devices.power.block import BlockLike, incomplete, numbers, unfit
from devices.power.counted import energy_of_rate
from devices.power.probes import FileToRead
from devices.power.source import BlockEnergy, Channel, EnergyReadings, EnergySource, FoundSource, SourceReadout, readout
from devices.power.survey import Survey
from devices.readings.rapl import counted_uj, parse_energy_uj
from devices.readings.unavailable import NotThere

_UPDATE_NS: Final = 1_000_000
"""The counter goes on about every millisecond (Intel SDM vol. 3B, 15.10)."""


def find(survey: Survey) -> FoundSource | NotThere:
    """Packages and memory are added up. Cores and graphics are parts of their package; psys is the whole platform on
    some boards and nonsense on others, so that it is left out.
    """
    zones = survey.folders(r"/sys/class/powercap/intel-rapl:[\d:]+")
    channels: list[Channel] = []
    probes: list[FileToRead] = []
    left_out: list[str] = []
    for folder, files in zones.items():
        name = files.get("name", "").strip()
        energy, top = parse_energy_uj(files.get("energy_uj", "")), parse_energy_uj(files.get("max_energy_range_uj", ""))
        if not (name.startswith("package") or name == "dram"):
            left_out.append(f"{name or folder}: a part of its package, or the platform as a whole")
        elif isinstance(energy, int) and isinstance(top, int) and top > 0:
            probe = FileToRead(f"rapl_{len(probes)}", f"{folder}/energy_uj")
            probes.append(probe)
            channels.append(Channel(name, {"energy": probe.id}, {"range_uj": top}))
        else:
            left_out.append(f"{name}: cannot be read")
    if not any(channel.name.startswith("package") for channel in channels):
        why = "only root may read energy_uj here" if zones else "there is no powercap"
        return NotThere(f"RAPL: {why}")
    covers = f"processor alone ({', '.join(channel.name for channel in channels)}), not the rest of the machine"
    return FoundSource("rapl", covers, tuple(channels), (), tuple(probes), left_out=tuple(left_out))


def measure(found: FoundSource, evidence: EnergyReadings) -> SourceReadout:
    """Steps from look to look, so that a counter that wraps is seen to."""
    return readout(found, evidence, lambda block: _energy(found, block))


def _energy(found: FoundSource, block: BlockLike) -> BlockEnergy | NotThere:
    reason = unfit(block)
    if reason is not None:
        return reason
    parts: list[BlockEnergy] = []
    for channel in found.channels:
        looks = numbers(block, channel.probes["energy"], parse_energy_uj)
        hole = incomplete(looks, f"RAPL {channel.name}")
        if hole is not None:
            return hole
        counted = counted_uj([int(look.value) for look in looks.found], channel.settings["range_uj"])
        if isinstance(counted, NotThere):
            return NotThere(f"RAPL {channel.name}: {counted.reason}")
        first, last = looks.found[0], looks.found[-1]
        error = 2 * _UPDATE_NS + (first.took_ns + last.took_ns) / 2
        # 61 µJ is the usual unit of the counter (2⁻¹⁴ J).
        part = energy_of_rate(block, counted, last.at_ns - first.at_ns, step_uj=61.0, time_error_ns=error)
        if isinstance(part, NotThere):
            return NotThere(f"RAPL {channel.name}: {part.reason}")
        parts.append(part)
    return BlockEnergy(
        sum(part.energy_mj for part in parts),
        sum(part.resolution_mj for part in parts),
        sum(part.power_mw for part in parts),
        min(part.covered_ns for part in parts),
    )


SOURCE: Final = EnergySource("rapl", "RAPL counters of the processor", 2, False, find, measure)
