"""bisect.json: a search for the commit that changed a quantity, as far as it has come. It is written after every run,
so that a search that was cut goes on.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.documents.nightly import CommitOfModel

BISECT_SCHEMA: Final = "bakeoff.bisect/1"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class BisectStep(_Strict):
    """One paired run: the good commit's model against that of the commit under test."""

    sha: str
    run: str
    """The folder of its run, from that of the search."""
    estimate: float
    """The commit under test against the good one: a ratio or a difference, as the quantity is compared."""
    low: float
    high: float
    level: float | None
    """The confidence of the interval from `low` to `high`; None where the value is exact."""
    n: int
    """How many replicates the interval is of."""
    words: str
    """The same in words: `24 % slower (between 20 % and 28 %)`."""


class BisectResult(_Strict):
    """What was found."""

    commits: list[CommitOfModel] = Field(min_length=1)
    """The commit; several in order where those between cannot be measured."""
    probability: float
    """How sure it is that it is that one, or one of those."""
    sentence: str


class Bisect(_Strict):
    """The whole search."""

    schema_: Literal["bakeoff.bisect/1"] = Field(default=BISECT_SCHEMA, alias="schema")
    bakeoff_version: str
    experiment: str
    """The absolute path of experiment.toml."""
    arm: str
    """The arm whose settings both models run with."""
    quantity: str
    device: str
    pairs: int | None = None
    """Pairs of blocks instead of the experiment's."""
    repository: str
    """The absolute path of the repository, or of what was fetched of it."""
    good: CommitOfModel
    commits: list[CommitOfModel] = Field(min_length=1)
    """Those after the good one that changed the model, the oldest first; the last one is bad."""
    steps: list[BisectStep] = []
    skipped: dict[str, str] = {}
    """Commits that could not be measured: hash → why."""
    result: BisectResult | None = None
    """None while the search goes on."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True, ser_json_inf_nan="constants"
    )


def bisect_json_schema() -> dict[str, Any]:
    """JSON Schema of bisect.json."""
    return Bisect.model_json_schema(by_alias=True)
