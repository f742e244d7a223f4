"""What a run on a device needs, and whether it is there."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


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
    """Every runtime, in the version that was tested with this bakeoff."""
    others: list[Part]
    """The runner, and the C library where one is pushed along."""

    @property
    def usable(self) -> list[Part]:
        """Runtimes that a run there can have now."""
        broken = {part.runner for part in self.others if part.state == "missing"}
        return [part for part in self.runtimes if part.state != "missing" and part.runner not in broken]
