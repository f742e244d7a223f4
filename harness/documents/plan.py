"""plan.json: every step one device will take, in order. Written by the host, read by a runner; never changed by either.

Beside it the host may drop files, empty ones: `stop` ends the run between two blocks; `stop-latency` and `stop-energy`
end that pass alone, and the plan goes on with the next.

User text (names of models, arms, items) does not reach a device: arms are `a0`, `a1`, …, items `i0`, `i1`, …, files
are named by their SHA-256. The host keeps the dictionary.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.models.model_format import ModelFormat

PLAN_SCHEMA: Final = "bakeoff.plan/1"
MEMINFO_ID: Final = "meminfo"
"""Probe of what a phone's `dumpsys meminfo` says of a worker, where there is one."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WebArm(_Strict):
    """What a tab of a browser is given for an arm whose runtime is a web engine. The arm's `worker` is then the argv
    prefix of what serves the tab; its `library` is None.
    """

    browser: list[str] = Field(min_length=1)
    """argv that starts the browser, without flags; a path or a name on the device, or for Android the package of an
    app, as `android:com.android.chrome`.
    """
    family: Literal["chromium", "firefox"]
    """Which flags and which protocol it takes."""
    page_files: dict[str, str]
    """Name below the page's address → absolute path of its blob: `tab.html`, `frame.html` and the scripts they name."""
    engine_files: dict[str, str]
    """Name below `engine/` → absolute path of its blob: modules and WebAssembly by package and path in it, such as
    `onnxruntime-web/dist/ort.wasm.min.mjs`.
    """
    engine_script: str
    """Which of `engine_files` the frame imports as a module."""


class PlanArm(_Strict):
    """One arm as a device sees it. `worker` is the argv prefix that starts its worker."""

    id: str = Field(pattern=r"^a\d+$")
    model: str
    """Absolute path of the model's blob on the device."""
    model_sha256: str
    format: ModelFormat
    runtime: str
    """Name of the runtime, such as `onnxruntime`; the adapter in the runner is chosen by it."""
    runtime_version: str
    worker: list[str]
    """For the python runner: the interpreter of the arm's provisioned environment, as argv. For the native runner:
    the argv that starts it where it does not start by itself (a loader pushed along); empty otherwise.
    """
    library: str | None = None
    """For the native runner: absolute path of the runtime's shared library on the device."""
    accelerator: str = "cpu"
    accelerator_options: dict[str, str] = {}
    """For the runtime's provider of that accelerator, as text."""
    accelerator_library: str | None = None
    """For the native runner: absolute path on the device of the library that drives the accelerator, where the
    runtime has one of its own.
    """
    cores: list[int] | None = None
    """The worker may run on these only; None leaves it to the device."""
    threads: int = Field(ge=1)
    input_shapes: dict[str, list[int]] = {}
    """Concrete shape to give a dynamic input before loading is called done (TFLite resize), by tensor name."""
    web: WebArm | None = None
    """For a runtime that lives in a web page; None for all others."""


class PlanItem(_Strict):
    """One item of the data set: per arm the .npy blobs in the order of the model's inputs."""

    id: str = Field(pattern=r"^i\d+$")
    inputs: dict[str, list[str]]
    """Arm id → absolute paths of .npy files on the device, dtype and shape exactly as the arm's model takes them:
    blobs, or outputs that an earlier quality step keeps in the run's folder.
    """


class QualityStep(_Strict):
    """Run one item once through one arm and keep every output tensor as .npy."""

    step: int
    kind: Literal["quality"] = "quality"
    arm: str
    item: str


class MemoryStep(_Strict):
    """A fresh worker process of one arm: load, first inference, `inferences` more; peaks and PSS recorded."""

    step: int
    kind: Literal["memory"] = "memory"
    arm: str
    item: str
    repeat: int
    inferences: int = Field(ge=1)


class WarmUpStep(_Strict):
    """Warm up all arms in turn until their block medians stop trending or a bound is hit; the first one fixes the
    number of inferences of a block.
    """

    step: int
    kind: Literal["warm_up"] = "warm_up"
    arms: list[str]
    """They are started and warmed up in this order."""
    item: str
    fresh: bool = False
    """Ends all workers first, so that every arm begins anew in a process of its own."""


class LatencyPairStep(_Strict):
    """One block of every arm, in the given (randomised) order. With two arms it is a pair of blocks."""

    step: int
    kind: Literal["latency_pair"] = "latency_pair"
    pair: int
    order: list[str]
    item: str
    launch: int | None = Field(default=None, ge=0)
    """The launch (fresh processes of all arms) that the pair is of; None where the whole pass has one."""


class EnergyStep(_Strict):
    """One long block of one arm, or of nothing at all (`arm` null: the device idles with every arm loaded).

    Before the first energy block of a session every arm that an energy step names is loaded and has its inputs set. A
    step is done once its block is on record, in whichever session.
    """

    step: int
    kind: Literal["energy"] = "energy"
    cycle: int
    position: int
    """0, 1, 2, … within the cycle: every arm once, in a drawn order, and idling right before each."""
    arm: str | None
    item: str
    duration_ns: int = Field(gt=0)


class PageStep(_Strict):
    """A fresh tab of one web arm, alone: frames of a page that keeps animating, at rest and then while the arm infers
    for `duration_ns`, and inferences whose outputs are read once.
    """

    step: int
    kind: Literal["page"] = "page"
    arm: str
    item: str
    repeat: int
    duration_ns: int = Field(gt=0)


class SoakStep(_Strict):
    """Continuous inference of one arm in one process (a fresh one, alone), summarised window by window.

    Windows of at least `window_ns` follow each other until the sum of their lengths, over all sessions, is at least
    `duration_ns`; what lies between them does not count.
    """

    step: int
    kind: Literal["soak"] = "soak"
    arm: str
    item: str
    duration_ns: int = Field(gt=0)
    window_ns: int = Field(gt=0)


Step = Annotated[
    QualityStep | MemoryStep | WarmUpStep | LatencyPairStep | EnergyStep | PageStep | SoakStep,
    Field(discriminator="kind"),
]


class FileProbe(_Strict):
    """A small file of /proc or /sys that is opened anew and read whole, as text, each time."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["file"] = "file"
    path: str
    max_bytes: int = Field(default=16384, gt=0, le=1 << 20)


class CommandProbe(_Strict):
    """A program whose stdout is kept as text. `{pid}` as a word of `argv` stands for the worker's process id.

    Its stdin is empty. It and all in its process group are killed at `timeout_ns`, and once `max_bytes` were read. An
    end by a signal, an exit code other than 0 (`exit 3`) and a timeout are errors, and so is `{pid}` where no worker
    works: an idle block, a gate before an idle block or before a memory step.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["command"] = "command"
    argv: list[str] = Field(min_length=1)
    max_bytes: int = Field(default=65536, gt=0, le=1 << 20)
    timeout_ns: int = Field(default=5_000_000_000, gt=0)


Probe = Annotated[FileProbe | CommandProbe, Field(discriminator="kind")]
"""Something to be read on the device. A runner keeps the text and understands none of it: the host does, so that a
reading which was misunderstood can be read again.
"""


class GateCondition(_Strict):
    """What must hold of one value before a block may begin. Exactly one of the bounds is given.

    The value is what follows the first occurrence of `after` in the probe's text (the beginning where `after` is
    empty), leading blanks (spaces and tabs) skipped: for a bound that is a number, a decimal number (strtod, and
    finite) times `scale`; otherwise a word (to the next white space). Bounds themselves hold.
    A value that cannot be read fails no gate: it is null in the record.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    probe: str
    after: str = ""
    scale: float = 1.0
    at_most: float | None = None
    at_least: float | None = None
    rise_at_most: float | None = None
    """Above the first value that this gate read in the session (of the device's own baseline), or that it had as the
    session started (`first_at_start`).
    """
    first_at_start: bool = False
    """The first value is read as the session starts, before anything works, and not as the pass begins."""
    same_as_first: bool = False
    """The word is the first that this gate read in the session."""
    none_of: list[str] = []
    """The word is none of these."""
    max_wait_ns: int | None = Field(default=None, ge=0)
    """How long this one is waited for before one block, and twice that in all waits of the pass in one session: in
    place of the gate's bounds, to which nothing counts while it is waited for. None: the gate's.
    """
    budget_ns: int | None = Field(default=None, ge=0)
    """How long it is waited for in all waits of the pass in one session, where it has a `max_wait_ns` of its own. None:
    twice that.
    """

    @property
    def longest_waits_ns(self) -> int:
        """All waits of its own in one session together."""
        if self.max_wait_ns is None:
            return 0
        return 2 * self.max_wait_ns if self.budget_ns is None else self.budget_ns


class Gates(_Strict):
    """What is looked at before each block of a pass, and how long is waited for it."""

    conditions: list[GateCondition] = []
    others_busy_cores_at_most: float | None = None
    """Cores kept busy by anything, while every process of ours sleeps: from /proc/stat over the pause before a look,
    which lasts 50 ms at least. `others_busy_cores` among the values and the failed.
    """
    poll_ns: int = Field(default=250_000_000, gt=0)
    max_wait_ns: int = Field(default=0, ge=0)
    """Before one block. 0: looked at once, never waited for."""
    budget_ns: int = Field(default=0, ge=0)
    """For all waits of the pass in one session together; then blocks begin without waiting."""

    @property
    def longest_waits_ns(self) -> int:
        """All waits of the pass in one session together, those of conditions with bounds of their own included."""
        return self.budget_ns + sum(condition.longest_waits_ns for condition in self.conditions)


class EnergyOptions(_Strict):
    """How energy blocks are read."""

    lead_in_ns: int = Field(default=0, ge=0)
    """Each block works (or idles) this long before its first reading."""
    rest_ns: int = Field(default=0, ge=0)
    """The device rests this long before the first energy step of each session, before its gate looks."""
    slices: int = Field(default=0, ge=0, le=1000)
    """A block of an arm is told in so many parts of equal length beside. 0: only as a whole."""
    boundary_probes: list[str] = []
    """Read right before and right after each block."""
    sampled_probes: list[str] = []
    """Read every `sample_every_ns` during the block too (they are read at its ends as well)."""
    sample_every_ns: int = Field(default=250_000_000, gt=0)


class LatencyOptions(_Strict):
    """How blocks are made. Every wait and every loop has a bound."""

    block_target_ns: int = Field(gt=0)
    """A block of the slowest arm lasts about this long; all arms get the same number of inferences."""
    block_min_inferences: int = Field(ge=1)
    block_max_inferences: int = Field(ge=1)
    lead_in_inferences: int = Field(ge=0)
    """Inferences run at the start of each block and recorded apart: the clock and caches come back from the other
    arm.
    """
    settle_ns: int = Field(ge=0)
    """Pause before each block: a runtime's worker threads spin for a while after a run."""
    warm_up_min_blocks: int = Field(ge=3)
    warm_up_max_blocks: int = Field(ge=3)
    warm_up_again_ns: int = Field(default=0, ge=0)
    """How long about a block of a fresh warm-up lasts; of others it is half of `block_target_ns`. The device is warm by
    then, and only the process is new.
    """
    launch_pairs_most: int = Field(default=0, ge=0)
    """A fresh warm-up is left out, and the pairs after it belong to the launch before it, while that launch has fewer
    pairs than this and starting all arms costs too much beside them: pairs · their time < 2 · the time of starting.
    0: never.
    """
    warm_up_tolerance: float = Field(gt=0)
    """Warm when the last three block medians lie within this fraction of each other, or the last six show no trend
    (Kendall's |S| < 9; 13.6 % of all orders without a trend are beyond, two-sided, exact).
    """
    max_ns: int = Field(gt=0)
    """Bound on the whole latency pass; no new pair is begun after it."""
    reference_target_ns: int = Field(default=0, ge=0)
    """Before each block the runner itself works for about this long at a fixed work (SHA-256 over a fixed number of
    bytes), three times: where that slows down, the device does. 0: not done.
    """


class Plan(_Strict):
    """All that a runner needs to know."""

    schema_: Literal["bakeoff.plan/1"] = Field(default=PLAN_SCHEMA, alias="schema")
    run_id: str = Field(pattern=r"^[a-z0-9-]+$")
    seed: int
    arms: list[PlanArm]
    items: list[PlanItem]
    steps: list[Step]
    latency: LatencyOptions
    energy: EnergyOptions = EnergyOptions()
    probes: list[Probe] = []
    gates: dict[Literal["latency", "memory", "energy"], Gates] = {}
    """By pass; nothing is looked at in a pass that is not named."""
    memory_probes: list[str] = []
    """Read at the end of each memory step, while the worker still holds its memory."""
    soak_probes: list[str] = []
    """Read at the end of each window of a soak."""
    step_timeout_ns: int = Field(gt=0)
    """A worker that says nothing for this long within one request is killed and its arm marked failed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


_PASS_KINDS = {"latency": "latency_pair", "energy": "energy"}


def steps_of_pass(plan: Plan, of_pass: Literal["latency", "energy"]) -> set[int]:
    """Numbers of the steps that a stopped pass would have had."""
    return {step.step for step in plan.steps if step.kind == _PASS_KINDS[of_pass]}
