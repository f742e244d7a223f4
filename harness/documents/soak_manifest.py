"""soak.json: what a soak is made of, fixed before its first window.

SOAK/
  soak.json                  this
  devices/<folder>/          one per device
    identity.json            devices.identity.Identity
    runner.json              harness.documents.runner_record.RunnerRecord
    plan.json                harness.documents.plan.Plan
    state.json               harness.documents.state.DeviceState
    records.jsonl            byte for byte what the runner wrote, whole lines only
    runner.log
  result.json                harness.documents.soak_result.SoakResult, made anew whenever it is looked at
  report.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.documents.manifest import ManifestArm, ManifestDevice, ManifestItem
from harness.experiment.declaration import Experiment

if TYPE_CHECKING:
    pass

SOAK_SCHEMA: Final = "bakeoff.soak/1"


@dataclass(frozen=True)
class SoakLength:
    """How long a soak lasts, and how finely it is recorded."""

    hours: float
    window_s: float

    @property
    def windows(self) -> int:
        """About how many windows there will be."""
        return max(1, round(self.hours * 3600.0 / self.window_s))


class SoakManifest(BaseModel):
    """The soak."""

    schema_: Literal["bakeoff.soak/1"] = Field(default=SOAK_SCHEMA, alias="schema")
    bakeoff_version: str
    run_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}$")
    created_at: str
    experiment: Experiment
    experiment_folder: str
    """Absolute path on the host that the experiment's paths are relative to."""
    arm: ManifestArm
    """The one that infers."""
    item: ManifestItem
    """What it infers on, again and again."""
    hours: float = Field(gt=0)
    window_s: float = Field(gt=0)
    devices: list[ManifestDevice]
    runner: Literal["python", "native"] | None = None
    """What `--runner` asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)
