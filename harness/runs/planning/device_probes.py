"""What devices/power wants to be read, as probes of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from devices.power.probes import CommandToRun, ToRead
from devices.power.source import FoundSource
from harness.documents.plan import CommandProbe, EnergyOptions, FileProbe, Probe


def plan_probe(wanted: ToRead) -> Probe:
    """One probe."""
    if isinstance(wanted, CommandToRun):
        return CommandProbe(id=wanted.id, argv=list(wanted.argv), max_bytes=wanted.max_bytes)
    return FileProbe(id=wanted.id, path=wanted.path)


def energy_probes(
    sources: Sequence[FoundSource], *, lead_in_ns: int, sample_every_ns: int
) -> tuple[list[Probe], EnergyOptions]:
    """The probes of sources that are read together, each once, and how their blocks are read: not more often than the
    slowest of them can bear.
    """
    boundary = {one.id: one for found in sources for one in found.boundary}
    sampled = {one.id: one for found in sources for one in found.sampled}
    options = EnergyOptions(
        lead_in_ns=lead_in_ns,
        boundary_probes=[name for name in boundary if name not in sampled],
        sampled_probes=list(sampled),
        sample_every_ns=max(sample_every_ns, *(found.sample_every_ns for found in sources)),
    )
    return [plan_probe(one) for one in (boundary | sampled).values()], options
