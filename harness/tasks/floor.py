"""What the scores reach where no model is used at all: every model should lie above it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from harness.quantity import Measured


class Floor(BaseModel):
    """The scores of a plain way to make outputs of inputs. Kept in comparison.json."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    what: str
    """Begins a sentence that goes on with `reaches`."""
    values: dict[str, Measured]
    """Quantity → mean over the items."""
