"""night.json: how far a night got, so that one that was cut is gone on with. Written before each thing it announces."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.documents.nightly import Change, CommitOfModel, DeviceStatus, JobStatus

STATE_SCHEMA: Final = "bakeoff.night/1"

Progress = Literal["waiting", "begun", "done"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")


class RunOfNight(_Strict):
    """A run of a job: its first, or one that measures a suspect again."""

    folder: str = Field(pattern=r"^runs/[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$")
    """Its folder, below the night's."""
    attempt: int = Field(ge=1)
    progress: Progress = "waiting"
    is_kept: bool = False
    """Whether its results are in the history."""
    minutes: float = 0.0


class JobOfNight(_Strict):
    """One experiment on one device."""

    experiment: str
    device: str
    fingerprint: str
    """Hash of what is measured: the experiment, its models, the pairs. Where it changes the job is another."""
    commits: list[CommitOfModel] = []
    progress: Progress = "waiting"
    status: JobStatus | None = None
    reason: str | None = None
    tries: int = 0
    earlier_attempts: int = 0
    """How often it was measured in this night before it was asked for again, or had changed."""
    runs: list[RunOfNight] = []
    """The first, and where it was measured again the second."""

    @property
    def key(self) -> tuple[str, str]:
        """What it is called."""
        return self.experiment, self.device

    @property
    def minutes(self) -> float:
        """Spent on all of its runs."""
        return sum(run.minutes for run in self.runs)


class DeviceOfNight(_Strict):
    """How a device fares."""

    status: DeviceStatus = "up"
    reason: str | None = None


class NightState(_Strict):
    """The night."""

    schema_: Literal["bakeoff.night/1"] = Field(default=STATE_SCHEMA, alias="schema")
    suite: str
    night: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    host: str
    started_at: str
    """ISO 8601, UTC."""
    spent_s: float = 0.0
    is_finished: bool = False
    asked: str
    """Hash of what is measured on which devices: a second start that asks for the same gets what is there."""
    jobs: list[JobOfNight]
    devices: dict[str, DeviceOfNight] = {}
    changes: list[Change] | None = None
    """What was decided; None until then."""
    told_before: list[str] = []
    """Ids of changes that this same night told, before it was asked for again."""
    warnings: list[str] = []

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, serialize_by_alias=True, ser_json_inf_nan="constants"
    )
