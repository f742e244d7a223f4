"""nightly.json: what a night measured, what changed and what could not be measured. Everything that tells people of a
night renders it and computes nothing.

Names of experiments, devices and arms, messages of commits and what devices said are user text: renderers escape them.
Paths are relative to the folder that nightly.json lies in.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.documents.comparison import Decision
from harness.quantity import Measured

NIGHTLY_SCHEMA: Final = "bakeoff.nightly/1"

NightOutcome = Literal["fine", "regression", "not measured", "partly"]
"""`fine`: everything was measured and nothing got worse. `regression`: one was confirmed, whatever else there is.
`not measured`: no experiment gave a result. `partly`: some gave none, and nothing that was measured got worse.
"""

EXIT_CODES: Final[dict[NightOutcome, int]] = {"fine": 0, "regression": 1, "not measured": 2, "partly": 3}

ChangeKind = Literal[
    "regression",
    "improvement",
    "mixed",
    "device changed",
    "environment changed",
    "cost moved",
    "gone again",
    "drift",
    "new series",
    "rule broken",
]
"""What a change is: for the worse, for the better, or both in one event; most of a device's series at once with nothing
of ours to blame; an update of system, runtime or driver, or another device under the name; one part up by what another
went down; a change that was told of and is no more; a slow course over weeks; an experiment that is no longer the one
of the nights before, so its series starts anew; a rule that is broken against the pinned baseline, of which no night
told yet.
"""

Confirmation = Literal["confirmed", "suspected", "not confirmed"]
"""Measured again in the same night in fresh processes and seen again; not measured again (no time left, the device is
gone); or measured again and not seen.
"""

JobStatus = Literal["measured", "partly", "failed", "missing", "busy", "quarantined", "out of time"]

DeviceStatus = Literal["up", "missing", "busy", "failing", "quarantined", "let back"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class CommitOfModel(_Strict):
    """A model that was taken from git."""

    arm: str
    repository: str
    """The repository as the suite names it, without a password."""
    ref: str
    """What was asked for: `main`, a tag, a hash."""
    sha: str = Field(pattern=r"^[0-9a-f]{40,64}$")
    path: str
    """Where the model lies in the repository."""
    message: str
    """The first line of the commit's message."""
    author: str
    committed_at: str
    """ISO 8601."""


class SeriesName(_Strict):
    """What a series is of. With the suite it is the series' key."""

    experiment: str
    device: str
    """The device as the suite names it, such as `adb:R5CT30ABCDE`."""
    candidate: str
    quantity: str


class SeriesPoint(_Strict):
    """A night of a series."""

    night: str
    effect: float
    """On the series' scale: a ratio (candidate / baseline) or a difference."""
    low: float | None
    """Lower end of the interval of that night's run; None where the value is exact or has none."""
    high: float | None
    commits: list[str] = []
    """The candidate's model's commits, in full; empty where it is not from git."""


class SeriesTonight(_Strict):
    """A series with its last points, for a sparkline."""

    name: SeriesName
    label: str
    """The quantity's label: `Latency, median`."""
    scale: Literal["ratio", "difference"]
    unit: str
    """The unit of a difference; empty for ratios."""
    better: Literal["lower", "higher"]
    points: list[SeriesPoint]
    """The oldest first, at most `SPARKLINE_NIGHTS`."""
    unavailable: str | None = None
    """Why there is no point of tonight; None where there is one."""
    baseline_effect: float | None = None
    """What the series lay at since its last confirmed change; None while it is too short."""
    words: str
    """Tonight's effect in a plain sentence."""


SPARKLINE_NIGHTS: Final = 90
NIGHTS_LOOKED_BACK: Final = 30
"""How many nights back those that were missed are counted."""


class ChangedSeries(_Strict):
    """One series of a change."""

    name: SeriesName
    label: str
    scale: Literal["ratio", "difference"]
    unit: str
    before: float
    """The effect before, on the series' scale."""
    after: float
    low: float | None
    """Interval of after against before: a ratio of ratios, or a difference of differences."""
    high: float | None
    p_value: float | None
    is_worse: bool
    words: str
    """Such as `5.2 % slower than before (between 4.1 % and 6.4 %)`."""


class Change(_Strict):
    """One event, however many series show it."""

    id: str = Field(pattern=r"^[0-9a-f]{16}$")
    """The same on every night that knows of it."""
    kind: ChangeKind
    confirmation: Confirmation
    sentence: str
    """Such as `36 series on 3 devices got slower, all since commit 1f2e3d4 (“prune the tail”)`."""
    last_good_night: str | None
    first_bad_night: str
    commits: list[CommitOfModel] = []
    """Those of the first night that shows it, where they differ from the last good one's."""
    causes: list[str] = []
    """Likely causes in words, the likeliest first: `Android was updated on adb:R5CT30ABCDE: 14 to 15`."""
    members: list[ChangedSeries]
    is_new: bool = True
    """False where an earlier night told of it: it is then told by nothing that wakes people."""
    baseline_from: str | None = None
    """The night from which its series are judged anew; None where that is the first bad night."""
    told_night: str | None = None
    """The night that told of it first."""
    how_sure: str
    """The evidence in words: `seen again when it was measured a second time; p below 0.00001 before that`."""

    @property
    def is_regression(self) -> bool:
        """Whether it is confirmed, for the worse, and the models may be to blame for it: also where their commit came
        in the same night as an update of everything, since nobody can tell the two apart.
        """
        is_ours = self.kind in {"regression", "mixed", "drift", "rule broken"}
        is_ours |= self.kind == "environment changed" and bool(self.commits)
        return self.confirmation == "confirmed" and is_ours and any(member.is_worse for member in self.members)


class Job(_Strict):
    """One experiment on one device tonight."""

    experiment: str
    device: str
    status: JobStatus
    reason: str | None = None
    """Why it is not `measured`, with the remedy."""
    run: str | None = None
    """Folder of its run."""
    report: str | None = None
    """Its page, a path from nightly.json's folder."""
    decision: Decision | None = None
    sentence: str | None = None
    """The verdict's, or that of the worst candidate."""
    attempts: int = 0
    """How often it was begun."""
    minutes: float = 0.0
    measured_again: bool = False
    """Whether a suspect was measured again."""
    earlier_run: str | None = None
    """Folder of the first run, where it was: `run` is then the second."""


class DeviceTonight(_Strict):
    """How a device was."""

    device: str
    shown_name: str
    status: DeviceStatus
    reason: str | None = None
    failures_in_a_row: int = 0
    battery_percent: Measured
    temperature_c: Measured


class HistoryTonight(_Strict):
    """Whether the night is in the history."""

    url: str
    """Without a password."""
    kept: bool
    waiting: int = 0
    """Runs that wait in files to be imported, since the database could not be had."""
    reason: str | None = None


class Nightly(_Strict):
    """The whole night."""

    schema_: Literal["bakeoff.nightly/1"] = Field(default=NIGHTLY_SCHEMA, alias="schema")
    bakeoff_version: str
    suite: str
    night: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    """The date it is of."""
    host: str
    started_at: str
    """ISO 8601, UTC."""
    finished_at: str
    budget_minutes: float
    spent_minutes: float
    outcome: NightOutcome
    sentence: str
    """One sentence for a chat: what changed, or that nothing did, and what is missing."""
    changes: list[Change]
    """Confirmed and new ones first."""
    series: list[SeriesTonight]
    jobs: list[Job]
    devices: list[DeviceTonight]
    commits: list[CommitOfModel] = []
    history: HistoryTonight
    warnings: list[str] = []
    last_success_at: str | None = None
    """ISO 8601, UTC: when the last night that measured anything was done, this one included; None where none is known.
    """
    missed_nights: list[str] = []
    """Dates of the last `NIGHTS_LOOKED_BACK` nights, and since the suite's first, that this suite has no night of."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        ser_json_inf_nan="constants",
    )

    @property
    def exit_code(self) -> int:
        """0 fine, 1 a confirmed regression, 2 nothing was measured, 3 partly."""
        return EXIT_CODES[self.outcome]


def nightly_json_schema() -> dict[str, Any]:
    """JSON Schema of nightly.json."""
    return Nightly.model_json_schema(by_alias=True)
