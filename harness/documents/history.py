"""What `bakeoff history` shows: results, and series with what happened to them. Pages and terminals render it.

Names, messages and notes are user text: renderers escape them.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.documents.comparison import Decision
from harness.documents.nightly import CommitOfModel, SeriesName

LIST_SCHEMA: Final = "bakeoff.history-list/1"
SERIES_SCHEMA: Final = "bakeoff.history-series/1"
CHECK_SCHEMA: Final = "bakeoff.history-check/1"
IMPORT_SCHEMA: Final = "bakeoff.history-import/1"
PRUNE_SCHEMA: Final = "bakeoff.history-prune/1"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class _Document(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        ser_json_inf_nan="constants",
    )


class HistoryResult(_Strict):
    """One result of one run."""

    name: SeriesName
    suite: str
    """Empty for a run that no suite asked for."""
    night: str
    measured_at: str
    """ISO 8601, UTC."""
    attempt: int
    scale: Literal["ratio", "difference"]
    unit: str
    better: Literal["lower", "higher"]
    estimate: float | None
    low: float | None
    high: float | None
    level: float | None
    n: int | None
    baseline_value: float | None
    candidate_value: float | None
    unavailable: str | None
    words: str
    """The effect in words, or why there is none."""
    decision: Decision | None
    run_id: str
    host: str
    folder: str
    """The run's folder on that host."""
    environment: str
    """Fingerprint of what the result depended on."""
    design: str
    """Fingerprint of what was measured."""
    commits: list[CommitOfModel]


class HistoryList(_Document):
    """Results, the newest first."""

    schema_: Literal["bakeoff.history-list/1"] = Field(default=LIST_SCHEMA, alias="schema")
    history: str
    """URL without a password."""
    results: list[HistoryResult]
    has_more: bool
    """Whether there are more than were asked for."""


class HistoryMark(_Strict):
    """Something that happened to a series."""

    night: str
    kind: Literal["change", "note", "environment", "design"]
    text: str
    """A sentence."""
    is_worse: bool = False


class HistorySeries(_Strict):
    """One series with what happened to it."""

    name: SeriesName
    suite: str
    label: str
    """The quantity in words: `Latency, median`."""
    scale: Literal["ratio", "difference"]
    unit: str
    better: Literal["lower", "higher"]
    results: list[HistoryResult]
    """The oldest first."""
    marks: list[HistoryMark]


class HistoryShown(_Document):
    """Series."""

    schema_: Literal["bakeoff.history-series/1"] = Field(default=SERIES_SCHEMA, alias="schema")
    bakeoff_version: str
    history: str
    """URL without a password."""
    series: list[HistorySeries]


class HistoryFault(_Strict):
    """A row that no longer agrees with its run."""

    run_id: str
    device: str
    folder: str
    kind: Literal["gone", "unreadable", "differs"]
    text: str
    """A sentence."""


class HistoryCheck(_Document):
    """What a look at the runs of a history found."""

    schema_: Literal["bakeoff.history-check/1"] = Field(default=CHECK_SCHEMA, alias="schema")
    history: str
    host: str
    checked: int
    """Runs on a device whose folders are this host's."""
    elsewhere: int
    """Those of other hosts, which were not looked at."""
    faults: list[HistoryFault]


class HistoryImport(_Document):
    """What was taken in from a folder."""

    schema_: Literal["bakeoff.history-import/1"] = Field(default=IMPORT_SCHEMA, alias="schema")
    history: str
    runs: int
    """Runs on a device that are new, or were written anew."""
    known: int
    """Those that the history had."""
    nights: int
    skipped: dict[str, str]
    """Folder → why it could not be read."""


class HistoryPrune(_Document):
    """What retention takes out, or would."""

    schema_: Literal["bakeoff.history-prune/1"] = Field(default=PRUNE_SCHEMA, alias="schema")
    history: str
    before: str
    """Nights before this one."""
    runs: int
    """Runs on a device that are taken out."""
    results: int
    kept: dict[str, int]
    """Why older runs stay → how many."""
    nights: int
    """Nights whose document is taken out."""
    is_done: bool
    """False for a look at what would be."""
