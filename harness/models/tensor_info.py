"""What a model says of one of its inputs or outputs."""

from __future__ import annotations

from pydantic import BaseModel, Field

from harness.bounded import BOUNDED, Number, SignedCount


class TensorInfo(BaseModel):
    """A model's input or output tensor, as its runtime reports it once loaded."""

    model_config = BOUNDED

    name: str
    dtype: str
    """numpy dtype name, such as `float32`."""
    shape: list[SignedCount | str | None] = Field(max_length=32)
    """−1, null or a symbol's name for a dimension that is not fixed."""
    scale: Number | None = None
    zero_point: SignedCount | None = None
