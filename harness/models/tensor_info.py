"""What a model says of one of its inputs or outputs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class TensorInfo(BaseModel):
    """A model's input or output tensor, as its runtime reports it once loaded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    dtype: str
    """numpy dtype name, such as `float32`."""
    shape: list[int | str | None]
    """−1, null or a symbol's name for a dimension that is not fixed."""
    scale: float | None = None
    zero_point: int | None = None
