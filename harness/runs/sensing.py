"""What is read on a device beside the inferences: gates before blocks, energy around them, memory of other kinds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from harness.runs.plan import EnergyOptions, GateCondition, Gates, Probe

if TYPE_CHECKING:
    from harness.experiment.declaration import GateBounds, Measure

GatedPass = Literal["latency", "memory", "energy"]
GATED_PASSES: tuple[GatedPass, ...] = ("latency", "memory", "energy")
GATE_POLL_NS = 250_000_000


@dataclass(frozen=True)
class Sensing:
    """What one device can be asked, as a plan names it. Empty where a device says nothing of itself."""

    probes: list[Probe] = field(default_factory=list)
    gates: dict[GatedPass, list[GateCondition]] = field(default_factory=dict)
    energy_boundary: list[str] = field(default_factory=list)
    """Ids of the probes read right before and right after each energy block."""
    energy_sampled: list[str] = field(default_factory=list)
    """Ids of the probes read during each energy block too."""
    memory_probes: list[str] = field(default_factory=list)
    soak_probes: list[str] = field(default_factory=list)
    measures_energy: bool = False
    """Whether energy blocks are worth their time: the device has a source, or a meter listens outside."""


def plan_gates(sensing: Sensing, bounds: GateBounds) -> dict[GatedPass, Gates]:
    """The gates of every pass, with what the experiment says of waiting."""
    return {
        each: Gates(
            conditions=sensing.gates.get(each, []),
            others_busy_cores_at_most=bounds.others_busy_cores,
            poll_ns=GATE_POLL_NS,
            max_wait_ns=round(bounds.max_wait_s * 1e9),
            budget_ns=round(bounds.max_wait_total_s * 1e9),
        )
        for each in GATED_PASSES
    }


def energy_options(sensing: Sensing, measure: Measure) -> EnergyOptions:
    """How energy blocks are read there."""
    return EnergyOptions(
        lead_in_ns=round(measure.energy.lead_in_s * 1e9),
        boundary_probes=sensing.energy_boundary,
        sampled_probes=sensing.energy_sampled,
        sample_every_ns=round(measure.energy.sample_ms * 1e6),
    )
