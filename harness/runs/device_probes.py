"""What devices/power wants to be read, as probes of a plan."""

from __future__ import annotations

from devices.power.probes import CommandToRun, ToRead
from devices.power.source import FoundSource
from harness.runs.plan import CommandProbe, EnergyOptions, FileProbe, Probe


def plan_probe(wanted: ToRead) -> Probe:
    """One probe."""
    if isinstance(wanted, CommandToRun):
        return CommandProbe(id=wanted.id, argv=list(wanted.argv), max_bytes=wanted.max_bytes)
    return FileProbe(id=wanted.id, path=wanted.path)


def energy_probes(found: FoundSource, *, lead_in_ns: int, sample_every_ns: int) -> tuple[list[Probe], EnergyOptions]:
    """The probes of a source, and how its blocks are read: not more often than the source can bear."""
    options = EnergyOptions(
        lead_in_ns=lead_in_ns,
        boundary_probes=[one.id for one in found.boundary],
        sampled_probes=[one.id for one in found.sampled],
        sample_every_ns=max(sample_every_ns, found.sample_every_ns),
    )
    return [plan_probe(one) for one in (*found.boundary, *found.sampled)], options
