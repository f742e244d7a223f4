"""What was found on a device without measuring: who it is, what can be measured there, what of a run's needs it has."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from devices.identity import Identity


class Part(BaseModel):
    """One thing that a run needs there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    """Such as `onnxruntime 1.32.0`, `runner`, `C library`."""
    runner: Literal["python", "native"]
    """Which runner it is for."""
    state: Literal["ready", "when needed", "missing"]
    how: str
    """Where it is or will be from, or what is wrong."""
    remedy: str = ""


class DeviceParts(BaseModel):
    """All of a device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runner: str
    """Such as `native runner, portable`: what `bakeoff run` would choose for the runtimes it has there."""
    reason: str
    runtimes: list[Part]
    """Of every runtime the version that was tested with this bakeoff."""
    others: list[Part]
    """The runner, and the C library where one is pushed along."""

    @property
    def usable(self) -> list[Part]:
        """Runtimes that a run there can have now."""
        broken = {part.runner for part in self.others if part.state == "missing"}
        return [part for part in self.runtimes if part.state != "missing" and part.runner not in broken]


class Ability(BaseModel):
    """One thing that can or cannot be measured, and how or why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    possible: bool
    how: str


class Survey(BaseModel):
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
