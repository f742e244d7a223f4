"""held.json: what was held still on a device while it measured, and what it said before."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class HeldFile(BaseModel):
    """One file of the device's kernel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["governor", "charging"]
    place: str
    before: str
    held: str


class HeldRecord(BaseModel):
    """All of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: list[HeldFile] = []
