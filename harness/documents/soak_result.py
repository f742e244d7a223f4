"""result.json of a soak: what the windows of every device show. Reports render it and compute nothing.

Names of arms and devices are user text: renderers escape them. Hours are hours of soaking: the lengths of the windows
added up, over all sessions; what lies between them does not count.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from devices.identity import Identity, shown_name
from harness.quantity import Measured, Unavailable

SOAK_RESULT_SCHEMA: Final = "bakeoff.soak-result/1"

Activity = Literal["at work", "stopped", "unknown"]
"""What is known of a runner that is not done: whether it works now, as far as is known."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Estimated(_Strict):
    """A number with its interval; `low` or `high` is None where there is no such bound."""

    kind: Literal["estimated"] = "estimated"
    value: float
    low: float | None
    high: float | None
    level: float
    unit: str
    method: str


EstimatedOrNot = Annotated[Estimated | Unavailable, Field(discriminator="kind")]


class LeakInSteps(_Strict):
    """The largest leak that may have come in steps of one size and shown no more of them than were seen."""

    step_bytes: float
    count: int
    """Steps that the rise of memory amounts to."""
    at_most: float
    """Bytes per 1000 inferences: Garwood's one-sided 97.5 % bound on the number of steps, times their size."""


class MemoryFinding(_Strict):
    """Whether memory leaks."""

    leak: Literal["yes", "no", "not yet known", "unavailable"]
    reason: str
    """The reason in words."""
    source: str | None
    """What was read, in words."""
    per_1000_inferences: EstimatedOrNot
    per_day: EstimatedOrNot
    """At the speed of this soak."""
    first: Measured
    last: Measured
    highest: Measured
    windows: int
    """That the answer rests on."""
    steps: list[LeakInSteps] = []
    """What is excluded of leaks that come in steps, the smallest steps first."""


class DriftFinding(_Strict):
    """Whether latency is now what it was in the beginning."""

    change: Literal["slower", "faster", "steady", "not yet known", "unavailable"]
    reason: str
    late_over_early: EstimatedOrNot
    bound: float
    """Relative change that matters: 0.05 is 5 %."""
    first_hour: Measured
    last_hour: Measured


class ThrottlingFinding(_Strict):
    """Whether the device was slowed down, by its fixed work or by its clocks."""

    throttled: Literal["yes", "no", "slowed by others", "not yet known", "unavailable"]
    """`slowed by others`: slow only while other programs kept it busy; `not yet known`: slow, and heat cannot be told
    from them.
    """
    reason: str
    source: str | None
    share_of_time: Measured
    """That it was throttled, while others were quiet."""
    worst_slowdown: Measured
    first_at_hours: float | None
    slowed_by_others: Measured
    """Share of the time in which it was slow while other programs kept it busy."""
    others_busy_cores: Measured
    """Mean over the soak."""


class TemperatureFinding(_Strict):
    """The course of the zone that became hottest."""

    zone: str | None
    first: Measured
    last: Measured
    highest: Measured


class BatteryFinding(_Strict):
    """The course of the battery, where it could be read."""

    first: Measured
    last: Measured
    drain_per_hour: EstimatedOrNot
    statuses: list[str]
    """Every charging status that was seen, in the order of appearance."""
    warnings: list[str] = []


class Gap(_Strict):
    """Something that interrupts the course: named, and never papered over."""

    at_hours: float
    what: Literal["device restarted", "runner restarted", "pause", "sensor lost", "clock set", "long window", "slept"]
    words: str
    lasted_seconds: float | None = None


class Series(_Strict):
    """One line of a chart, thinned out: the lowest and the highest window of every stretch are kept."""

    name: Literal["memory", "latency_p50", "latency_p99", "temperature", "reference", "battery"]
    label: str
    unit: str
    hours: list[float]
    values: list[float]
    of_windows: int
    """How many there were before."""


class SoakDevice(_Strict):
    """One device."""

    device: str
    identity: Identity | None
    runner: str | None
    status: Literal["complete", "failed", "at work", "stopped", "unknown"]
    problem: str | None
    started_at: str | None
    hours: float
    windows: int
    inferences: int
    inferences_per_second: Measured
    sessions: int
    boots: int
    memory: MemoryFinding
    latency: DriftFinding
    tail: DriftFinding
    throttling: ThrottlingFinding
    temperature: TemperatureFinding
    battery: BatteryFinding
    gaps: list[Gap]
    courses: list[Series]
    session_hours: list[float]
    """Where each session after the first begins."""

    @property
    def shown_name(self) -> str:
        """For people; `device` is the key everywhere else."""
        return shown_name(self.device, self.identity)


class SoakResult(_Strict):
    """The whole soak, finished or not."""

    schema_: Literal["bakeoff.soak-result/1"] = Field(default=SOAK_RESULT_SCHEMA, alias="schema")
    bakeoff_version: str
    run_id: str
    created_at: str
    name: str
    arm: str
    model_file: str
    model_sha256: str
    runtime: str
    threads: int
    accelerator: str
    item: str
    asked_hours: float
    window_s: float
    devices: list[SoakDevice]
    method: list[str]

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True, serialize_by_alias=True
    )
