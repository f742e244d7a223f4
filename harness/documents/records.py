"""records.jsonl: what a runner wrote on the device. Raw facts, append-only, one JSON object a line.

Every record carries `record` (its kind), `n` (0, 1, 2, … without gaps through the whole file, also across restarts of
the runner), `session` (0 for the first start of the runner on this plan, +1 with every restart) and `monotonic_ns`.
Durations are nanoseconds of a monotonic clock; sizes are bytes. A value the device could not give is null, and
`notes` says why.

A pair counts when all its blocks carry one `session`: a restarted runner repeats a pair that was cut in the middle,
and the lone block stays in the file.

A record is a stranger's word: it is validated here, once, with a bound on every number, text and list, and nothing in
it is a place on the host: `path` of an output is the name that follows from its arm, item and number, or the record is
none.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from harness.bounded import BOUNDED, Number, SignedCount
from harness.models.tensor_info import TensorInfo

RECORDS_SCHEMA: Final = "bakeoff.records/1"

MOST_INFERENCES_A_BLOCK: Final = 1_000_000
_MOST = 4096
"""The most notes, tensors, cores, thermal zones and gate values of one record."""
MOST_READINGS: Final = 100_000
MOST_OUTPUTS: Final = 256
MOST_SLICES: Final = 1000
MOST_FRAMES: Final = 10_000

Count = Annotated[int, Field(ge=0, le=2**62)]
"""Bytes, process ids, stamps of a clock, numbers of steps."""
DurationNs = Annotated[int, Field(ge=0, le=10**16)]
"""Nanoseconds, at most 115 days."""
Durations = Annotated[list[DurationNs], Field(max_length=MOST_INFERENCES_A_BLOCK)]
ArmId = Annotated[str, Field(pattern=r"^a[0-9]{1,4}$")]
ItemId = Annotated[str, Field(pattern=r"^i[0-9]{1,8}$")]


def output_name(arm: str, item: str, number: int) -> str:
    """Where an arm's output tensor of an item lies, below the run's folder on the device and below the device's folder
    on the host, such as `outputs/a0/i12.0.npy`: known from the plan, never from what a device says.
    """
    return f"outputs/{arm}/{item}.{number}.npy"


class _Record(BaseModel):
    model_config = BOUNDED | ConfigDict(populate_by_name=True, serialize_by_alias=True)

    n: Count
    session: Count
    monotonic_ns: Count
    notes: list[str] = Field(default=[], max_length=_MOST)


class _Timed(_Record):
    """Something with a beginning and an end."""

    started_ns: Count
    ended_ns: Count

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        if self.ended_ns < self.started_ns:
            raise ValueError(f"ended_ns ({self.ended_ns}) lies before started_ns ({self.started_ns})")
        return self


class Context(BaseModel):
    """The state of the machine at one moment, as far as it can be read without root."""

    model_config = BOUNDED

    monotonic_ns: Count
    load_1min: Number | None = None
    cpu_frequency_khz: list[Count] | None = Field(default=None, max_length=_MOST)
    governor: str | None = None
    temperature_celsius: dict[str, Number] = Field(default={}, max_length=_MOST)
    """Thermal zone type → °C; empty where none can be read."""
    boot_id: str | None = None
    memory_available_bytes: Count | None = None
    cpu_busy_ticks: Count | None = None
    """Ticks of all CPUs since boot, from /proc/stat: everything but idle and iowait (guest times are in user's)."""
    cpu_total_ticks: Count | None = None
    suspended_ns: SignedCount | None = None
    """How long the machine has slept since boot: CLOCK_BOOTTIME less CLOCK_MONOTONIC. Only its growth is meant, since
    a container may begin elsewhere than at 0.
    """


class Reading(BaseModel):
    """One look through a probe of the plan: its text as it was, or why there is none."""

    model_config = BOUNDED

    probe: str
    monotonic_ns: Count
    """When the look began."""
    took_ns: DurationNs
    text: str | None = None
    """Bytes that are no UTF-8 are replaced by U+FFFD; cut at the probe's `max_bytes`."""
    error: str | None = None


class GateOutcome(BaseModel):
    """How the gate before a block stood when the block began."""

    model_config = BOUNDED

    waited_ns: DurationNs
    values: dict[str, Number | str | None] = Field(max_length=_MOST)
    """Condition id → value at the last look; `others_busy_cores` beside them, where that has a bound."""
    failed: list[str] = Field(max_length=_MOST)
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
    pid: Count
    machine: str
    """uname -m."""
    system: str
    """uname -s and -r."""
    context: Context


class ArmLoaded(_Record):
    """A worker has an arm ready. Written at every load, in whichever pass."""

    record: Literal["arm_loaded"] = "arm_loaded"
    arm: ArmId
    pid: Count
    runtime: str
    runtime_version: str
    """The version that the runtime itself says, not the one asked for."""
    interpreter: str | None = None
    """Python implementation and version of the worker, null for the native runner."""
    load_ns: DurationNs
    inputs: list[TensorInfo] = Field(max_length=_MOST)
    outputs: list[TensorInfo] = Field(max_length=_MOST)
    threads: Count
    accelerator: str
    delegated_nodes: Count | None = None
    total_nodes: Count | None = None
    wholly_delegated: bool | None = None
    """Whether the accelerator took the whole graph; null on the CPU, and where the runtime does not say."""
    cores_asked: list[Count] | None = Field(default=None, max_length=_MOST)
    cores: list[Count] | None = Field(default=None, max_length=_MOST)
    """Cores that the worker's threads may run on once the model is loaded, by the kernel's own word; null where none
    were asked for.
    """
    settings: dict[str, str] = Field(default={}, max_length=_MOST)
    """What was set on the runtime, in its own words (thread counts, telemetry off, providers asked and got)."""


class ArmFailed(_Record):
    """An arm crashed, raised, or fell silent. Its later steps are skipped; the other arms go on."""

    record: Literal["arm_failed"] = "arm_failed"
    arm: ArmId
    step: Count | None
    stage: Literal["start", "load", "quality", "warm_up", "latency", "memory", "energy", "page", "soak"]
    error: str
    """Type of the error: an exception's name, `signal 11 (SIGSEGV)`, `exit 1`, `timeout`."""
    message: str


class OutputFile(BaseModel):
    """One output tensor kept as .npy beside the records."""

    model_config = BOUNDED

    tensor: str
    path: str
    """Relative to the records file, such as `outputs/a0/i12.0.npy`."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    dtype: str
    shape: list[Count] = Field(max_length=32)
    bytes: Count


class QualityOutput(_Record):
    """One item went through one arm once."""

    record: Literal["quality_output"] = "quality_output"
    step: Count
    arm: ArmId
    item: ItemId
    outputs: list[OutputFile] = Field(min_length=1, max_length=MOST_OUTPUTS)
    latency_ns: DurationNs

    @model_validator(mode="after")
    def _names_follow_from_the_plan(self) -> Self:
        for number, output in enumerate(self.outputs):
            if output.path != output_name(self.arm, self.item, number):
                raise ValueError(f"output {number} is not named {output_name(self.arm, self.item, number)}")
        return self


class WarmUpBlock(_Record):
    """A block whose latencies are not part of the comparison."""

    record: Literal["warm_up_block"] = "warm_up_block"
    step: Count
    arm: ArmId
    index: Count
    latency_ns: Durations


class WarmUpDone(_Record):
    """Warm-up ended; `settled` is false where the bound was hit while medians still moved."""

    record: Literal["warm_up_done"] = "warm_up_done"
    step: Count
    settled: dict[ArmId, bool] = Field(max_length=_MOST)
    block_inferences: Count
    reference_bytes: Count | None = None
    """Size of the fixed work, as calibrated by the first session that warmed up; null where none was asked for."""


class LatencyBlock(_Timed):
    """One block of one arm: the unit that is paired."""

    record: Literal["latency_block"] = "latency_block"
    step: Count
    pair: Count
    position: Count
    """0 for the arm that went first in this pair."""
    launch: Count | None = None
    """The plan's number of the launch that the processes were started for: of an earlier one than the pair's where they
    were kept. Null where the whole pass had the same.
    """
    arm: ArmId
    item: ItemId
    lead_in_ns: Durations
    latency_ns: Durations = Field(min_length=1)
    before: Context
    after: Context
    cpu_ns: DurationNs | None = None
    """CPU time of the worker, all threads, from the first lead-in to the last inference."""
    reference_ns: Durations = []
    """Durations of the fixed work right before the block."""
    reference_cpu_ns: Durations = []
    """CPU time that each of them took: without what other programs took of the core meanwhile."""
    gate: GateOutcome | None = None


class MemoryPart(BaseModel):
    """How large a part of a browser was at the end of a memory step, and who says so."""

    model_config = BOUNDED

    of: Literal["page", "gpu_process", "all_processes"]
    what: Literal["private_footprint", "pss", "own_account"]
    """`private_footprint` is anonymous memory and swap, as Chromium counts it; `own_account` what the browser tells a
    page of its own heaps (`performance.measureUserAgentSpecificMemory`), which knows nothing of a GPU process.
    """
    bytes: Count
    source: str


class MemoryMeasured(_Record):
    """One fresh process of one arm. Resident sizes of the whole worker, in bytes; of a web arm, those of the process
    that its page has, in a browser that has nothing else open.
    """

    record: Literal["memory"] = "memory"
    step: Count
    arm: ArmId
    repeat: Count
    before_load_rss_bytes: Count | None
    """Resident size with the runtime imported and no model open."""
    load_ns: DurationNs
    load_peak_rss_bytes: Count | None
    first_inference_ns: DurationNs
    run_peak_rss_bytes: Count | None
    """VmHWM over the inferences, after it was reset by clear_refs; null where it cannot be reset."""
    pss_bytes: Count | None
    inferences: Count
    steady_rss_bytes: Count | None = None
    """Resident size after the last inference."""
    parts: list[MemoryPart] = Field(default=[], max_length=64)
    """Parts of a web arm's browser at the end: what is not in the page's process too."""
    readings: list[Reading] = Field(default=[], max_length=MOST_READINGS)
    gate: GateOutcome | None = None


class PageMeasured(_Timed):
    """One fresh tab of one web arm, alone: a page that keeps animating, from `started_ns` to `ended_ns` while it
    infers. A list is empty, and a number 0, where the browser or the backend has none; `notes` say why.
    """

    record: Literal["page"] = "page"
    step: Count
    arm: ArmId
    repeat: Count
    inferences: Count
    rest_frame_ns: list[DurationNs] = Field(max_length=MOST_FRAMES)
    """How long after the one before it each frame came, while the page did nothing but animate."""
    frame_ns: list[DurationNs] = Field(max_length=MOST_FRAMES)
    """The same while it inferred without pause; the first MOST_FRAMES of them."""
    unread_inferences: Count
    unread_ns: DurationNs
    """What so many inferences took together, the outputs of the last one alone read."""


class EnergyBlock(_Timed):
    """One long block of one arm, or of idling, and what the energy sources said around and during it. `started_ns` is
    after the lead-in.
    """

    record: Literal["energy_block"] = "energy_block"
    step: Count
    cycle: Count
    position: Count
    arm: ArmId | None
    item: ItemId
    wall_started_ns: Count
    """CLOCK_REALTIME at `started_ns`, since 1970: for meters with clocks of their own."""
    wall_ended_ns: Count
    inferences: Count
    readings: list[Reading] = Field(max_length=MOST_READINGS)
    """Readings come in the order they were taken; boundary ones first and last, sampled ones next to them. One that
    is both is read once at each end, with the boundary ones.
    """
    before: Context
    after: Context
    gate: GateOutcome | None = None
    slice_inferences: list[Count] = Field(default=[], max_length=MOST_SLICES)
    """Inferences of each part of the block, in order; empty while idling, and where the plan asks for no slices. An
    inference belongs to the slice in which it began; a slice in which none did holds 0, and lasts 0.
    """
    slice_ns: list[DurationNs] = Field(default=[], max_length=MOST_SLICES)
    """The slices' durations, each from the end of the inference before it to the end of its own last one: together
    they are the block.
    """

    @model_validator(mode="after")
    def _slices_make_up_the_block(self) -> Self:
        if len(self.slice_inferences) != len(self.slice_ns):
            raise ValueError(f"{len(self.slice_inferences)} slices count inferences, and {len(self.slice_ns)} time")
        if self.slice_ns and sum(self.slice_inferences) != self.inferences:
            raise ValueError(f"the slices hold {sum(self.slice_inferences)} inferences, the block {self.inferences}")
        if self.slice_ns and sum(self.slice_ns) != self.ended_ns - self.started_ns:
            raise ValueError(f"the slices last {sum(self.slice_ns)} ns, the block {self.ended_ns - self.started_ns}")
        return self


class SoakWindow(_Timed):
    """A window of continuous inference, summarised. Quantiles from a histogram with steps of 1 %."""

    record: Literal["soak_window"] = "soak_window"
    step: Count
    arm: ArmId
    index: Count
    inferences: Count
    latency_p50_ns: DurationNs
    latency_p90_ns: DurationNs
    latency_p99_ns: DurationNs
    latency_min_ns: DurationNs
    latency_max_ns: DurationNs
    rss_bytes: Count | None
    rss_anon_bytes: Count | None
    """RssAnon, where the kernel says it (4.5)."""
    pss_bytes: Count | None
    reference_ns: Durations = []
    """Durations of the fixed work right before the window; empty where no warm-up step has calibrated it."""
    reference_cpu_ns: Durations = []
    """CPU time that each of them took: without what other programs took of the core meanwhile."""
    cpu_ns: DurationNs | None = None
    """CPU time of the worker, all threads, over the window."""
    readings: list[Reading] = Field(default=[], max_length=MOST_READINGS)
    context: Context


class GateWaiting(_Record):
    """Written once when a gate begins to wait, so that a person can be told what for."""

    record: Literal["gate_waiting"] = "gate_waiting"
    step: Count
    of_pass: Literal["latency", "memory", "energy"]
    failed: list[str] = Field(max_length=_MOST)
    values: dict[str, Number | str | None] = Field(max_length=_MOST)


class PassStopped(_Record):
    """A pass ended early by a `stop-latency` or `stop-energy` file; its remaining steps are not done."""

    record: Literal["pass_stopped"] = "pass_stopped"
    step: Count
    """The first step that was not done: of a pair that was cut, its own step."""
    of_pass: Literal["latency", "energy"]


class StepSkipped(_Record):
    """A step that will not be done, and why."""

    record: Literal["step_skipped"] = "step_skipped"
    step: Count
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
    | PageMeasured
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
