"""state.json: how far the host got with one device, so that a killed run can be taken up again."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Stage = Literal["unprepared", "planned", "started", "measured", "fetched"]


class Process(BaseModel):
    """The runner's process on the device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    start_ticks: int | None
    boot_id: str | None


class DeviceState(BaseModel):
    """Written before each thing it announces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage
    remote_folder: str
    """Absolute, on the device."""
    conductor: list[str]
    """argv prefix that starts the conductor: an interpreter there, and the runner's blob."""
    process: Process | None = None
    problem: str | None = None
    """Why the device is not done, with the remedy; None while all is well."""
