"""What the history holds, typed: the currency between the store, the detection of changes and the night."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from harness.documents.comparison import Decision
from harness.documents.nightly import CommitOfModel
from harness.quantity import Measured


@dataclass(frozen=True, order=True)
class SeriesKey:
    """What a series is of."""

    suite: str
    experiment: str
    device: str
    candidate: str
    quantity: str


@dataclass(frozen=True)
class Environment:
    """What a result depends on beside the models: it is comparable with another only where these agree."""

    facts: dict[str, str]
    """Fact → value in words: `model`, `serial`, `os`, `kernel`, `libc`, `runtime of NAME`, `accelerator of NAME`,
    `driver`, `runner`.
    """

    @property
    def fingerprint(self) -> str:
        """16 hex digits of the facts' SHA-256; the same facts in another order have the same."""
        text = json.dumps(self.facts, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ResultRow:
    """One candidate against the baseline on one quantity, from one run on one device."""

    key: SeriesKey
    scale: Literal["ratio", "difference"]
    unit: str
    """The unit of the two values, and of a difference."""
    better: Literal["lower", "higher"]
    estimate: float | None
    """The effect on the scale: candidate / baseline, or candidate − baseline. None where it is unavailable."""
    low: float | None
    high: float | None
    level: float | None
    n: int | None
    baseline: Measured
    candidate: Measured
    unavailable: str | None = None
    """Why there is no estimate."""


@dataclass(frozen=True)
class RunRow:
    """One run on one device, with its results."""

    run_id: str
    suite: str
    """Empty for a run that no suite asked for."""
    night: str
    """The date it is of, such as `2026-11-30`."""
    attempt: int
    """1 for a night's first; a suspect that was measured again has 2."""
    experiment: str
    design: str
    """Fingerprint of what the experiment measures, the pinned baseline's model included and the candidates' models
    excluded: where it changes a series starts anew.
    """
    device: str
    host: str
    folder: str
    """Absolute path on that host."""
    measured_at: datetime
    """With a time zone."""
    environment: Environment
    commits: tuple[CommitOfModel, ...]
    decision: Decision | None
    results: tuple[ResultRow, ...]
    sentence: str | None = None
    """The verdict's in words; None where there is none, or the run is from before sentences were kept."""


@dataclass(frozen=True)
class Point:
    """A result as the detection of changes sees it."""

    night: str
    measured_at: datetime
    run_id: str
    attempt: int
    effect: float
    """ln(candidate / baseline) for ratios, else the difference in the unit."""
    standard_error: float | None
    """From the width of that run's interval; None where it has none."""
    environment: str
    """Fingerprint."""
    design: str
    commits: tuple[CommitOfModel, ...] = ()
    reference: float | None = None
    """The pinned baseline's own value in that run, in the quantity's unit: with it a ratio is a length of time again.
    None where it is not known.
    """


@dataclass(frozen=True)
class Series:
    """A series in order of nights, later attempts of a night after earlier ones."""

    key: SeriesKey
    scale: Literal["ratio", "difference"]
    unit: str
    better: Literal["lower", "higher"]
    points: tuple[Point, ...]
    environments: dict[str, Environment] = field(default_factory=dict)
    """Fingerprint → facts, of all points."""


def effect_of(scale: Literal["ratio", "difference"], estimate: float) -> float:
    """An estimate as changes are looked for in: the logarithm of a ratio, a difference as it is.

    Raises `ValueError` for a ratio that is not positive.
    """
    return math.log(estimate) if scale == "ratio" else estimate
