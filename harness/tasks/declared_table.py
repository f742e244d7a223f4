"""A table of experiment.toml: what is not meant is refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class DeclaredTable(BaseModel):
    """Frozen; an unknown name, infinity and not-a-number are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
