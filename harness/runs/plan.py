"""plan.json: every step one device will take, in order. Written by the host, read by a runner; never changed by either.

User text (names of models, arms, images) does not reach a device: arms are `a0`, `a1`, …, items `i0`, `i1`, …, files
are named by their SHA-256. The host keeps the dictionary.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

PLAN_SCHEMA: Final = "bakeoff.plan/1"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlanArm(_Strict):
    """One arm as a device sees it. `worker` is the argv prefix that starts its worker."""

    id: str = Field(pattern=r"^a\d+$")
    model: str
    """Absolute path of the model's blob on the device."""
    model_sha256: str
    format: Literal["onnx", "tflite"]
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


class PlanItem(_Strict):
    """One item of the data set: per arm the .npy blobs in the order of the model's inputs."""

    id: str = Field(pattern=r"^i\d+$")
    inputs: dict[str, list[str]]
    """Arm id → absolute paths of .npy blobs on the device, dtype and shape exactly as the arm's model takes them."""


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
    """Warm up all arms in turn until their block medians stop trending or a bound is hit; fixes the block length."""

    step: int
    kind: Literal["warm_up"] = "warm_up"
    arms: list[str]
    item: str


class LatencyPairStep(_Strict):
    """One block of every arm, in the given (randomised) order. With two arms it is a pair of blocks."""

    step: int
    kind: Literal["latency_pair"] = "latency_pair"
    pair: int
    order: list[str]
    item: str


Step = Annotated[QualityStep | MemoryStep | WarmUpStep | LatencyPairStep, Field(discriminator="kind")]


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
    warm_up_tolerance: float = Field(gt=0)
    """Warm when the last three block medians lie within this fraction of each other."""
    max_ns: int = Field(gt=0)
    """Bound on the whole latency pass; no new pair is begun after it."""


class Plan(_Strict):
    """All that a runner needs to know."""

    schema_: Literal["bakeoff.plan/1"] = Field(default=PLAN_SCHEMA, alias="schema")
    run_id: str = Field(pattern=r"^[a-z0-9-]+$")
    seed: int
    arms: list[PlanArm]
    items: list[PlanItem]
    steps: list[Step]
    latency: LatencyOptions
    step_timeout_ns: int = Field(gt=0)
    """A worker that says nothing for this long within one request is killed and its arm marked failed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)
