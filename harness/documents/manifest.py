"""run.json: what a run is made of, fixed before the first measurement. With it a run folder can be analysed anywhere.

RUN/
  experiment.toml            as the user wrote it
  run.json                   this
  devices/<folder>/          one per device
    identity.json            devices.identity.Identity
    runner.json              harness.documents.runner_record.RunnerRecord: which runner, why, and its libraries
    plan.json                harness.documents.plan.Plan
    state.json               harness.documents.state.DeviceState: how far the host got, and any problem
    records.jsonl            byte for byte what the runner wrote, whole lines only
    runner.log
    outputs/<arm>/<item>.<k>.npy
  tables/                    latency, memory, telemetry, quality as parquet
  items/                     what was put out, as people look at it, where the task draws: reference/<item>.png,
                             device-<n>/<arm>/<item>.png, and all of a device in one: contact-sheet-device-<n>.png
  gallery/                   PNG files that comparison.json names
  comparison.json
  comparison.shared.json     the same, as it may be mailed
  report.html                likewise
  vote.html                  the page of a blind look, where `bakeoff votes --page` made one
  votes/                     key.json: what of it is of which arm; votes.json: what people said
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.experiment.declaration import Cores, Experiment
from harness.models.model_format import ModelFormat
from harness.tasks.item_groups import MOST_GROUPS, GroupName
from harness.tasks.registry import Codec

MANIFEST_SCHEMA: Final = "bakeoff.run/1"


InferenceId = Annotated[str, Field(pattern=r"^i[0-9]{1,8}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestStaticCopy(_Strict):
    """A copy of a model with the sizes of its inputs fixed."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0, le=2**62)
    shapes: dict[str, list[Annotated[int, Field(ge=0, lt=2**31)]]]
    """Input → its sizes."""


class ManifestArm(_Strict):
    """An arm with everything resolved."""

    id: str = Field(pattern=r"^a\d+$")
    name: str
    role: Literal["baseline", "candidate"]
    model_path: str
    """Absolute path on the host."""
    model_sha256: str
    model_bytes: int = Field(ge=0, le=2**62)
    format: ModelFormat
    runtime: str
    runtime_version: str
    accelerator: str
    accelerator_options: dict[str, str] = {}
    cores: Cores | None = None
    threads: int = Field(ge=1, le=256)
    codec: Codec
    browser: str | None = Field(default=None, max_length=400)
    """The arm's own word; null for the first that a device has, and for what runs in none."""
    static_copy: ManifestStaticCopy | None = None
    """What the devices get in the model's stead, where its engine takes no free sizes."""
    suspicion: str | None = None
    """What a few items through the model showed before the run, where its output looks wrongly read; else null."""


class ManifestItem(_Strict):
    """An item of the data set."""

    id: str = Field(pattern=r"^i\d+$")
    stem: str
    """The user's own name for it."""
    scene: str
    """The scene it comes from; its own stem where no scenes are declared."""
    groups: list[GroupName] = Field(default=[], max_length=MOST_GROUPS)
    """The groups that it is in, such as `night`; none where the experiment declares none."""
    input_path: str
    reference_path: str
    label: str | None = Field(default=None, min_length=1, max_length=1000)
    """The item's class, for tasks whose references are labels."""
    input_sha256: str | None = None
    reference_sha256: str | None = None
    """The hashes are of the files as they were when the run began: scores against others would be of another run."""
    inferences: dict[str, list[InferenceId]] = {}
    """Arm id → the plan's items that it is for that arm, where it is cut into parts (tiles, frames), in their order."""

    def inferences_of(self, arm_id: str) -> list[str]:
        """The plan's items that it is for an arm: itself where it is not cut."""
        return self.inferences.get(arm_id) or [self.id]


class ManifestScores(_Strict):
    """A file of scores made elsewhere, as it was when the run began; `analyze` reads it again."""

    quantity: str
    path: str
    """Absolute path on the host."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class ManifestDevice(_Strict):
    """A device of the run."""

    name: str = Field(min_length=1, max_length=1000)
    folder: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    """Name of its folder below `devices/`."""


class Manifest(_Strict):
    """The run."""

    schema_: Literal["bakeoff.run/1"] = Field(default=MANIFEST_SCHEMA, alias="schema")
    bakeoff_version: str
    run_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}$")
    created_at: str
    quick: bool
    seed: int = Field(ge=0, lt=2**63)
    experiment: Experiment
    experiment_folder: str
    """Absolute path on the host that the experiment's paths are relative to."""
    arms: list[ManifestArm]
    """The baseline first."""
    items: list[ManifestItem]
    latency_item: str
    """Id of the item used for latency and memory."""
    timed_inference: InferenceId | None = None
    """The plan's item that stands for it there, where it is cut into parts; null for the first of them."""
    devices: list[ManifestDevice]
    scores: list[ManifestScores] = []
    """Those that the experiment declares, in its order."""
    runner: Literal["python", "native"] | None = None
    """What `--runner` asked for; null where each device gets the one that fits it (its runner.json says which)."""

    @property
    def timed(self) -> str:
        """The plan's item that latency, memory and energy are measured with."""
        return self.timed_inference or self.latency_item

    def stems(self) -> dict[str, str]:
        """The plan's item → name of the item that it is, or is a part of."""
        return {
            inference: item.stem
            for item in self.items
            for inference in (item.id, *(each for ids in item.inferences.values() for each in ids))
        }

    def inferences_of_latency_item(self) -> dict[str, int]:
        """Arm's name → how many inferences the item used for latency takes."""
        item = next((item for item in self.items if item.id == self.latency_item), None)
        return {arm.name: len(item.inferences_of(arm.id)) if item is not None else 1 for arm in self.arms}

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> Self:
        """A manifest may be somebody else's: what is found by id or name is there, and once."""
        for what, names in (
            ("arms", [arm.id for arm in self.arms]),
            ("arms", [arm.name for arm in self.arms]),
            ("items", [item.id for item in self.items]),
            ("devices", [device.name for device in self.devices]),
            ("devices", [device.folder for device in self.devices]),
        ):
            if not names or len(set(names)) != len(names):
                raise ValueError(f"{what}: there are none, or two with one name")
        return self

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)
