"""What `bakeoff compare --json` prints: candidates of earlier runs side by side, through the baseline they share."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.documents.comparison import Effect, Interval, Outcome

COMPARED_SCHEMA: Final = "bakeoff.compared/1"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class ComparedCandidate(_Strict):
    """A candidate of one of the runs."""

    run: str
    """The folder of the run, as it was given."""
    run_id: str
    created_at: str
    """ISO 8601, UTC."""
    quick: bool
    candidate: str
    model_sha256: str
    differs_in: list[str]
    """What differs from the baseline that all runs share (`model`, `threads`, …)."""


class ComparedEffect(_Strict):
    """What one candidate changed on one quantity, or why that is not known."""

    outcome: Outcome
    effect: Effect | None
    unavailable_because: str | None = None
    against_first: float | None = None
    """The candidate against the first candidate: a ratio where the effect is one (0.98 is 2 % less), else a difference
    in the quantity's unit. None for the first, and where one of the two has no effect.
    """
    against_first_interval: Interval | None = None
    words: str | None = None
    """The same in words; None where it is not known."""


class ComparedQuantity(_Strict):
    """One quantity, with an effect for each candidate in their order."""

    quantity: str
    effects: list[ComparedEffect]


class ComparedDevice(_Strict):
    """A device on which all of the runs measured."""

    device: str
    shown_name: str
    quantities: list[ComparedQuantity]


class ComparedRuns(_Strict):
    """The whole answer. Runs that could not be compared are refused, and not in here."""

    schema_: Literal["bakeoff.compared/1"] = Field(default=COMPARED_SCHEMA, alias="schema")
    baseline: str
    """What the shared baseline is called in the first run."""
    items: int
    item_noun: str
    candidates: list[ComparedCandidate]
    devices: list[ComparedDevice]
    notes: list[str]
    """Sentences on what to keep in mind: devices that only some runs have, quick runs, other versions of bakeoff."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True, ser_json_inf_nan="constants"
    )


def compared_json_schema() -> dict[str, Any]:
    """The JSON Schema of the answer."""
    return ComparedRuns.model_json_schema(by_alias=True)
