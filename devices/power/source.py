"""The shape of a source of energy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from devices.power.block import BlockLike
from devices.power.meter_log import MeterLog
from devices.power.probes import ToRead
from devices.power.survey import Survey
from devices.readings.unavailable import NotThere

_NO_METER: Final = NotThere("no file of a meter was given")


@dataclass(frozen=True)
class Channel:
    """One counter, rail or sensor of a source."""

    name: str
    """The name that the device gives it: `VDD_IN`, `package-0`."""
    probes: Mapping[str, str]
    """Role → id of the probe."""
    settings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FoundSource:
    """A source as it is on one device: what must be read, and what its energy is the energy of."""

    source: str
    covers: str
    """What it covers in words, for a report: `the whole board (VDD_IN)`."""
    channels: tuple[Channel, ...]
    """Those that are added up."""
    boundary: tuple[ToRead, ...] = ()
    """Read right before and right after each block."""
    sampled: tuple[ToRead, ...] = ()
    """Read during the block too."""
    sample_every_ns: int = 250_000_000
    """Not more often than this: what a look costs the device is part of what it measures."""
    left_out: tuple[str, ...] = ()
    """Channels that are seen and not added, each with the reason."""


@dataclass(frozen=True)
class BlockEnergy:
    """What one block took."""

    energy_mj: float
    resolution_mj: float
    """Half of the range in which the truth lies, by steps of counters, times of looks and noise; the sensor's own error
    of gain is not in it.
    """
    power_mw: float
    """Mean over the time that was covered; the energy is this × the duration of the block."""
    covered_ns: int


@dataclass(frozen=True)
class EnergyReadings:
    """All that a run kept."""

    blocks: Sequence[BlockLike]
    meter: MeterLog | NotThere = _NO_METER
    meter_offset_s: float = 0.0
    """Clock of the device minus clock of the meter."""
    is_android: bool = False


@dataclass(frozen=True)
class SourceReadout:
    """One value a block, in order."""

    source: str
    covers: str
    blocks: tuple[BlockEnergy | NotThere, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    """What was found out on the way and belongs with the data: `sign_source`, `unit_source`, …"""


@dataclass(frozen=True)
class EnergySource:
    """One kind of source."""

    name: str
    label: str
    trust: int
    """1 best. See the registry."""
    reads_battery: bool
    """What flows out of the battery is the device's use only while no cable feeds it."""
    find: Callable[[Survey], FoundSource | NotThere]
    measure: Callable[[FoundSource, EnergyReadings], SourceReadout]


def readout(
    found: FoundSource,
    evidence: EnergyReadings,
    each: Callable[[BlockLike], BlockEnergy | NotThere],
    facts: Mapping[str, str] | None = None,
) -> SourceReadout:
    """The same done to every block."""
    return SourceReadout(found.source, found.covers, tuple(each(block) for block in evidence.blocks), facts or {})
