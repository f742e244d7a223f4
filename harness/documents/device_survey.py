"""What `bakeoff devices` found on a device: who it is, what can be measured there, which runtimes stand ready."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from devices.identity import Identity
from harness.documents.device_parts import DeviceParts
from harness.documents.profile import Ability


class DeviceSurvey(BaseModel):
    """What was found; `problem` says why a device could not be looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str
    problem: str | None = None
    remedy: str | None = None
    identity: Identity | None = None
    python: str | None = None
    abilities: list[Ability] = []
    runtimes: list[str] = []
    """Environments of the python runner that stand ready there, such as `onnxruntime 1.32.0 (Python 3.11.2)`."""
    parts: DeviceParts | None = None
    """Which runner would measure there, and what of it and of the runtimes is ready or missing."""
