"""How much a device may send, and how long it may be silent: what its plan asks for, and not a byte more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from harness.documents.plan import Plan, Probe

_SHORTEST_LINE_BYTES: Final = 1 << 20
"""A record without readings and inferences has its notes, and the state of a machine of many cores."""
_LONGEST_LINE_BYTES: Final = 64 << 20
_NUMBER_BYTES: Final = 21
"""The bytes of one duration in nanoseconds, with its comma."""
_ESCAPED: Final = 6
"""Bytes that one character of a probe's text may take in JSON."""
_SESSIONS: Final = 16
"""A runner that dies again and again does its steps anew, and loads its arms anew, but not without end."""
_REQUESTS_A_STEP: Final = 8
"""That a conductor makes of its worker within one step, each with the plan's timeout: load, set inputs, infer, ask."""
_SPARE_S: Final = 120.0


@dataclass(frozen=True)
class Allowance:
    """Bounds on the records of one device."""

    line_bytes: int
    records: int
    total_bytes: int
    silence_s: float
    """The longest that a runner at work may be without a record while the connection is there."""
    latency_pass_s: float
    """How long after its first block a latency pass may still have one. Twice what the plan says and more, since a
    device that sleeps does not count that time.
    """

    @classmethod
    def of(cls, plan: Plan) -> Allowance:
        """What the plan allows."""
        arms = max(1, len(plan.arms))
        line_bytes = min(_LONGEST_LINE_BYTES, _SHORTEST_LINE_BYTES + max(_inference_bytes(plan), _reading_bytes(plan)))
        records = _SESSIONS * sum(_records_of(plan, step.kind, arms) for step in plan.steps)
        records += _SESSIONS * (4 * arms + 2)
        windows = sum(2 + step.duration_ns // step.window_ns for step in plan.steps if step.kind == "soak")
        records += 4 * windows
        silence_s = _silence_s(plan)
        return cls(
            line_bytes=line_bytes,
            records=records,
            total_bytes=min(records * line_bytes, (1 << 30) + records * 4096),
            silence_s=silence_s,
            latency_pass_s=2 * plan.latency.max_ns / 1e9 + silence_s,
        )


def _records_of(plan: Plan, kind: str, arms: int) -> int:
    """The most records that one step of a kind leaves in one session: what it measured, the loads before it, the gates
    that waited, and the failures.
    """
    if kind == "warm_up":
        return arms * (plan.latency.warm_up_max_blocks + 2) + 2
    return 4 * arms + 2 if kind == "latency_pair" else 5


def _inference_bytes(plan: Plan) -> int:
    options = plan.latency
    return _NUMBER_BYTES * max(options.block_max_inferences + options.lead_in_inferences, 2 * plan.energy.slices)


def _reading_bytes(plan: Plan) -> int:
    """The longest text of all readings of one record."""
    sizes = {probe.id: _text_bytes(probe) for probe in plan.probes}
    energy = plan.energy
    longest_ns = max((step.duration_ns for step in plan.steps if step.kind == "energy"), default=0)
    looks = 4 + longest_ns // energy.sample_every_ns
    during = looks * sum(sizes[name] for name in energy.sampled_probes) + 2 * sum(
        sizes[name] for name in energy.boundary_probes
    )
    return max(during, *(sum(sizes[name] for name in names) for names in (plan.memory_probes, plan.soak_probes)))


def _text_bytes(probe: Probe) -> int:
    return _ESCAPED * probe.max_bytes + 512


def _silence_s(plan: Plan) -> float:
    gates = plan.gates.values()
    waits = [gate.max_wait_ns for gate in gates]
    waits += [condition.max_wait_ns or 0 for gate in gates for condition in gate.conditions]
    lasting = [step.duration_ns for step in plan.steps if step.kind in ("energy", "page")]
    lasting += [step.window_ns for step in plan.steps if step.kind == "soak"]
    probes = sum(probe.timeout_ns for probe in plan.probes if probe.kind == "command")
    longest_ns = (
        _REQUESTS_A_STEP * plan.step_timeout_ns
        + 2 * (max(lasting, default=0) + plan.energy.lead_in_ns)
        + 2 * max(waits, default=0)
        + plan.energy.rest_ns
        + 4 * probes
        + 8 * plan.latency.block_target_ns
    )
    return longest_ns / 1e9 + _SPARE_S
