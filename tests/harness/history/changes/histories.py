"""Histories of a few series by hand: values in, and every night gone through as `bakeoff nightly` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from harness.documents.nightly import Change, CommitOfModel
from harness.history.changes.decide import decide
from harness.history.changes.suspects import Suspect, find_suspects
from harness.history.changes.track import before_second_measurement
from harness.history.rows import Environment, Point, Series, SeriesKey

FIRST = date(2026, 3, 1)
NOISE = 0.004


def night_of(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def commit(sha: str, message: str = "a change", arm: str = "new") -> CommitOfModel:
    return CommitOfModel(
        arm=arm,
        repository="models",
        ref="main",
        sha=sha * (40 // len(sha)),
        path="net.onnx",
        message=message,
        author="A. Author",
        committed_at="2026-03-01T12:00:00+00:00",
    )


Effect = Callable[[SeriesKey, int, int], float | None]
"""Of a series in a night and an attempt, as a ratio (or a difference); None where it is not measured."""


@dataclass
class Nights:
    """A suite's nights."""

    keys: list[SeriesKey]
    effect: Effect
    commits: Callable[[SeriesKey, int], tuple[CommitOfModel, ...]] = lambda _key, _night: ()
    environment: Callable[[SeriesKey, int], Environment] = lambda _key, _night: Environment({"os": "Android 14"})
    design: Callable[[SeriesKey, int], str] = lambda _key, _night: "one"
    scale: str = "ratio"
    can_measure_again: bool = True
    noise: float = NOISE
    told: list[Change] = field(default_factory=list)
    by_night: dict[int, list[Change]] = field(default_factory=dict)
    suspects: dict[int, list[Suspect]] = field(default_factory=dict)
    series: dict[SeriesKey, Series] = field(default_factory=dict)

    def go(self, count: int, begin: int = 0) -> Nights:
        for night in range(begin, count):
            self.one(night)
        return self

    def one(self, night: int) -> list[Change]:
        """A night; one that was gone through before is gone through with what it measured then."""
        tonight = night_of(night)
        for key in self.keys:
            there = self.series.get(key)
            if there is None:
                environments = {each.fingerprint: each for each in (self.environment(key, n) for n in range(400))}
                better = "lower" if self.scale == "ratio" else "higher"
                there = Series(key, self.scale, "ns", better, (), environments)  # type: ignore[arg-type]
            if all(point.night != tonight for point in there.points):
                there = self._with(there, night, 1)
            self.series[key] = there
        firsts = before_second_measurement(list(self.series.values()), tonight)
        suspects = find_suspects(firsts, self.told, tonight)
        self.suspects[night] = suspects
        if self.can_measure_again:
            again = {(each.key.experiment, each.key.device) for each in suspects}
            for key, there in self.series.items():
                is_again = any(point.night == tonight and point.attempt == 2 for point in there.points)
                if (key.experiment, key.device) in again and not is_again:
                    self.series[key] = self._with(there, night, 2)
        changes = decide(list(self.series.values()), suspects, self.told, tonight)
        known = {each.id: each for each in self.told}
        known.update({each.id: each for each in changes})
        self.told = list(known.values())
        self.by_night[night] = changes
        return changes

    def news(self) -> list[tuple[int, Change]]:
        return [
            (night, each)
            for night, changes in self.by_night.items()
            for each in changes
            if each.is_new and each.confirmation == "confirmed"
        ]

    def _with(self, series: Series, night: int, attempt: int) -> Series:
        key = series.key
        value = self.effect(key, night, attempt)
        if value is None:
            return series
        source = np.random.default_rng([night, attempt, *map(ord, repr(key))])
        effect = (float(np.log(value)) if self.scale == "ratio" else value) + source.normal(0, self.noise)
        point = Point(
            night=night_of(night),
            measured_at=datetime(2026, 3, 1, 3, tzinfo=UTC) + timedelta(days=night, hours=attempt),
            run_id=f"{night}-{attempt}-{key.experiment}-{key.device}",
            attempt=attempt,
            effect=float(effect),
            standard_error=self.noise or None,
            environment=self.environment(key, night).fingerprint,
            design=self.design(key, night),
            commits=self.commits(key, night),
            reference=1e8,
        )
        return replace(series, points=(*series.points, point))


def keys_of(
    devices: int = 1, experiments: int = 1, quantities: tuple[str, ...] = ("latency_p50", "latency_p90", "latency_mean")
) -> list[SeriesKey]:
    return [
        SeriesKey("suite", f"experiment{e}", f"adb:PHONE{d}", "new", quantity)
        for d in range(devices)
        for e in range(experiments)
        for quantity in quantities
    ]
