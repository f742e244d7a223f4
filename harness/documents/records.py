"""records.jsonl: what a runner wrote on the device. Raw facts, append-only, one JSON object a line.

Every record carries `record` (its kind), `n` (0, 1, 2, … without gaps through the whole file, also across restarts of
the runner), `session` (0 for the first start of the runner on this plan, +1 with every restart) and `monotonic_ns`.
Durations are nanoseconds of a monotonic clock; sizes are bytes. A value the device could not give is null, and
`notes` says why.

A pair counts when all its blocks carry one `session`: a restarted runner repeats a pair that was cut in the middle,
and the lone block stays in the file.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from harness.models.tensor_info import TensorInfo

RECORDS_SCHEMA: Final = "bakeoff.records/1"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    n: int = Field(ge=0)
    session: int = Field(ge=0)
    monotonic_ns: int = Field(ge=0)
    notes: list[str] = []


class Context(BaseModel):
    """The state of the machine at one moment, as far as it can be read without root."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    monotonic_ns: int
    load_1min: float | None = None
    cpu_frequency_khz: list[int] | None = None
    governor: str | None = None
    temperature_celsius: dict[str, float] = {}
    """Thermal zone type → °C; empty where none can be read."""
    boot_id: str | None = None
    memory_available_bytes: int | None = None
    cpu_busy_ticks: int | None = None
    """Of all CPUs since boot, from /proc/stat: everything but idle and iowait (guest times are in user's)."""
    cpu_total_ticks: int | None = None
    suspended_ns: int | None = None
    """How long the machine has slept since boot: CLOCK_BOOTTIME less CLOCK_MONOTONIC. Only its growth is meant, since
    a container may begin elsewhere than at 0.
    """


class Reading(BaseModel):
    """One look through a probe of the plan: its text as it was, or why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    probe: str
    monotonic_ns: int
    """When the look began."""
    took_ns: int
    text: str | None = None
    """Bytes that are no UTF-8 are replaced by U+FFFD; cut at the probe's `max_bytes`."""
    error: str | None = None


class GateOutcome(BaseModel):
    """How the gate before a block stood when the block began."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    waited_ns: int
    values: dict[str, float | str | None]
    """Condition id → value at the last look; `others_busy_cores` beside them, where that has a bound."""
    failed: list[str]
    """Conditions that did not hold when the wait ended."""


class RunnerStarted(_Record):
    """First record of each session."""

    record: Literal["runner_started"] = "runner_started"
    schema_: Literal["bakeoff.records/1"] = Field(default=RECORDS_SCHEMA, alias="schema")
    runner: str
    """`python` or `native`."""
    runner_version: str
    wall_time: str
    """ISO 8601 in UTC: only to tell people when; durations come from monotonic stamps."""
    pid: int
    machine: str
    """uname -m."""
    system: str
    """uname -s and -r."""
    context: Context


class ArmLoaded(_Record):
    """A worker has an arm ready. Written at every load, in whichever pass."""

    record: Literal["arm_loaded"] = "arm_loaded"
    arm: str
    pid: int
    runtime: str
    runtime_version: str
    """As the runtime itself says, not as asked for."""
    interpreter: str | None = None
    """Python implementation and version of the worker, null for the native runner."""
    load_ns: int
    inputs: list[TensorInfo]
    outputs: list[TensorInfo]
    threads: int
    accelerator: str
    delegated_nodes: int | None = None
    total_nodes: int | None = None
    wholly_delegated: bool | None = None
    """Whether the accelerator took the whole graph; null on the CPU, and where the runtime does not say."""
    cores_asked: list[int] | None = None
    cores: list[int] | None = None
    """Cores that the worker's threads may run on once the model is loaded, by the kernel's own word; null where none
    were asked for.
    """
    settings: dict[str, str] = {}
    """What was set on the runtime, in its own words (thread counts, telemetry off, providers asked and got)."""


class ArmFailed(_Record):
    """An arm crashed, raised, or fell silent. Its later steps are skipped; the other arms go on."""

    record: Literal["arm_failed"] = "arm_failed"
    arm: str
    step: int | None
    stage: Literal["start", "load", "quality", "warm_up", "latency", "memory", "energy", "soak"]
    error: str
    """Type of the error: an exception's name, `signal 11 (SIGSEGV)`, `exit 1`, `timeout`."""
    message: str


class OutputFile(BaseModel):
    """One output tensor kept as .npy beside the records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tensor: str
    path: str
    """Relative to the records file, such as `outputs/a0/i12.0.npy`."""
    sha256: str
    dtype: str
    shape: list[int]
    bytes: int


class QualityOutput(_Record):
    """One item went through one arm once."""

    record: Literal["quality_output"] = "quality_output"
    step: int
    arm: str
    item: str
    outputs: list[OutputFile]
    latency_ns: int


class WarmUpBlock(_Record):
    """A block whose latencies are not part of the comparison."""

    record: Literal["warm_up_block"] = "warm_up_block"
    step: int
    arm: str
    index: int
    latency_ns: list[int]


class WarmUpDone(_Record):
    """Warm-up ended; `settled` is false where the bound was hit while medians still moved."""

    record: Literal["warm_up_done"] = "warm_up_done"
    step: int
    settled: dict[str, bool]
    block_inferences: int
    reference_bytes: int | None = None
    """Size of the fixed work, as calibrated by the first session that warmed up; null where none was asked for."""


class LatencyBlock(_Record):
    """One block of one arm: the unit that is paired."""

    record: Literal["latency_block"] = "latency_block"
    step: int
    pair: int
    position: int
    """0 for the arm that went first in this pair."""
    arm: str
    item: str
    started_ns: int
    ended_ns: int
    lead_in_ns: list[int]
    latency_ns: list[int]
    before: Context
    after: Context
    cpu_ns: int | None = None
    """CPU time of the worker, all threads, from the first lead-in to the last inference."""
    reference_ns: list[int] = []
    """Durations of the fixed work right before the block."""
    reference_cpu_ns: list[int] = []
    """CPU time that each of them took: without what other programs took of the core meanwhile."""
    gate: GateOutcome | None = None


class MemoryMeasured(_Record):
    """One fresh process of one arm. Resident sizes of the whole worker, in bytes."""

    record: Literal["memory"] = "memory"
    step: int
    arm: str
    repeat: int
    before_load_rss_bytes: int | None
    """Resident size with the runtime imported and no model open."""
    load_ns: int
    load_peak_rss_bytes: int | None
    first_inference_ns: int
    run_peak_rss_bytes: int | None
    """VmHWM over the inferences, after it was reset by clear_refs; null where it cannot be reset."""
    pss_bytes: int | None
    inferences: int
    steady_rss_bytes: int | None = None
    """Resident size after the last inference."""
    readings: list[Reading] = []
    gate: GateOutcome | None = None


class EnergyBlock(_Record):
    """One long block of one arm, or of idling, and what the energy sources said around and during it."""

    record: Literal["energy_block"] = "energy_block"
    step: int
    cycle: int
    position: int
    arm: str | None
    item: str
    started_ns: int
    """After the lead-in."""
    ended_ns: int
    wall_started_ns: int
    """CLOCK_REALTIME at `started_ns`, since 1970: for meters with clocks of their own."""
    wall_ended_ns: int
    inferences: int
    readings: list[Reading]
    """In the order they were taken; boundary ones first and last, sampled ones next to them. One that is both is read
    once at each end, with the boundary ones.
    """
    before: Context
    after: Context
    gate: GateOutcome | None = None


class SoakWindow(_Record):
    """A window of continuous inference, summarised. Quantiles from a histogram with steps of 1 %."""

    record: Literal["soak_window"] = "soak_window"
    step: int
    arm: str
    index: int
    started_ns: int
    ended_ns: int
    inferences: int
    latency_p50_ns: int
    latency_p90_ns: int
    latency_p99_ns: int
    latency_min_ns: int
    latency_max_ns: int
    rss_bytes: int | None
    rss_anon_bytes: int | None
    """RssAnon, where the kernel says it (4.5)."""
    pss_bytes: int | None
    reference_ns: list[int] = []
    """Durations of the fixed work right before the window; empty where no warm-up step has calibrated it."""
    reference_cpu_ns: list[int] = []
    """CPU time that each of them took: without what other programs took of the core meanwhile."""
    cpu_ns: int | None = None
    """CPU time of the worker, all threads, over the window."""
    readings: list[Reading] = []
    context: Context


class GateWaiting(_Record):
    """Written once when a gate begins to wait, so that a person can be told what for."""

    record: Literal["gate_waiting"] = "gate_waiting"
    step: int
    of_pass: Literal["latency", "memory", "energy"]
    failed: list[str]
    values: dict[str, float | str | None]


class PassStopped(_Record):
    """A pass ended early by a `stop-latency` or `stop-energy` file; its remaining steps are not done."""

    record: Literal["pass_stopped"] = "pass_stopped"
    step: int
    """The first step that was not done: of a pair that was cut, its own step."""
    of_pass: Literal["latency", "energy"]


class StepSkipped(_Record):
    """A step that will not be done, and why."""

    record: Literal["step_skipped"] = "step_skipped"
    step: int
    reason: str


class RunnerFinished(_Record):
    """Last record of a plan. `complete` when every step is done or skipped; `stopped` on a stop file; `bound` on
    max_ns.
    """

    record: Literal["runner_finished"] = "runner_finished"
    reason: Literal["complete", "stopped", "bound"]
    context: Context


Record = Annotated[
    RunnerStarted
    | ArmLoaded
    | ArmFailed
    | QualityOutput
    | WarmUpBlock
    | WarmUpDone
    | LatencyBlock
    | MemoryMeasured
    | EnergyBlock
    | SoakWindow
    | GateWaiting
    | PassStopped
    | StepSkipped
    | RunnerFinished,
    Field(discriminator="record"),
]

_ADAPTER: TypeAdapter[Record] = TypeAdapter(Record)


def parse_record(line: str | bytes) -> Record:
    """One line of records.jsonl as a typed record. Raises `pydantic.ValidationError` with the place of the fault."""
    return _ADAPTER.validate_json(line)


def records_json_schema() -> dict[str, Any]:
    """JSON Schema of one record."""
    return _ADAPTER.json_schema()
