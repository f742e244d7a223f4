"""A series as it is judged tonight: one value a night since its last told change, all of one design."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.documents.nightly import Change, SeriesName
from harness.history.changes.limits import NIGHTS_LOOKED_AT
from harness.history.rows import Point, Series, SeriesKey
from harness.statistics.estimate import Floats
from harness.statistics.lone_outliers import without_lone_outliers

_AGREE: Final = 4.0
"""Two attempts of a night agree where they are within so many standard errors of their difference."""


@dataclass(frozen=True)
class Track:
    """Its arrays have shape (n,), one entry a night, tonight last."""

    series: Series
    points: tuple[Point, ...]
    """Each night's last attempt."""
    values: Floats
    """Each night's effect: the mean of attempts that agree, else the last one, which was not chosen for being far off.
    """
    cleaned: Floats
    """The same with lone outliers brought nearer."""
    counts: Floats
    """How many attempts are in each value."""
    variances: Floats
    """Of one attempt's interval; not a number where it has none."""
    told: Change | None
    """The last change that was told of it."""

    @property
    def key(self) -> SeriesKey:
        """The series' key."""
        return self.series.key

    @property
    def tonight(self) -> Point:
        """The last attempt of tonight."""
        return self.points[-1]

    def marks(self) -> list[int]:
        """Indices of nights with another environment or other commits than the night before."""
        points = self.points
        return [
            i
            for i in range(max(1, len(points) - NIGHTS_LOOKED_AT), len(points))
            if points[i].environment != points[i - 1].environment or points[i].commits != points[i - 1].commits
        ]


def name_of(key: SeriesKey) -> SeriesName:
    """The key without its suite."""
    return SeriesName(experiment=key.experiment, device=key.device, candidate=key.candidate, quantity=key.quantity)


def last_told(told: Iterable[Change], tonight: str) -> dict[tuple[str, str, str, str], Change]:
    """The change that each series' baseline begins with: by experiment, device, candidate and quantity."""
    found: dict[tuple[str, str, str, str], Change] = {}
    confirmed = [each for each in told if each.confirmation == "confirmed" and each.first_bad_night <= tonight]
    for change in sorted(confirmed, key=baseline_begin):
        for member in change.members:
            name = member.name
            found[name.experiment, name.device, name.candidate, name.quantity] = change
    return found


def baseline_begin(change: Change) -> str:
    """The night from which its series are judged anew."""
    return change.baseline_from or change.first_bad_night


def tracks_of(series: Sequence[Series], told: Sequence[Change], tonight: str) -> list[Track]:
    """Those of all series that have a value of tonight."""
    changes = last_told(told, tonight)
    tracks = (_track(each, changes, tonight) for each in series)
    return [track for track in tracks if track is not None]


def _track(series: Series, changes: Mapping[tuple[str, str, str, str], Change], tonight: str) -> Track | None:
    points = series.points[-2 * NIGHTS_LOOKED_AT :]
    if points and points[-1].night > tonight:
        points = tuple(point for point in series.points if point.night <= tonight)[-2 * NIGHTS_LOOKED_AT :]
    if not points or points[-1].night != tonight:
        return None
    key = series.key
    change = changes.get((key.experiment, key.device, key.candidate, key.quantity))
    if change is not None:
        begin = baseline_begin(change)
        points = tuple(point for point in points if point.night >= begin)
    design = points[-1].design
    if any(point.design != design for point in points):
        others = max(i for i, point in enumerate(points) if point.design != design)
        points = points[others + 1 :]
    kept, values, counts = _nights(points)
    variances = np.array(
        [math.nan if point.standard_error is None else point.standard_error**2 for point in kept], dtype=np.float64
    )
    effects = np.array(values, dtype=np.float64)
    return Track(series, kept, effects, without_lone_outliers(effects), np.array(counts), variances, change)


def _nights(points: Sequence[Point]) -> tuple[tuple[Point, ...], list[float], list[float]]:
    """The last attempt, the value and the number of attempts of each night, of the last nights."""
    nights = [point.night for point in points]
    if all(one != after for one, after in itertools.pairwise(nights)):
        kept = tuple(points[-NIGHTS_LOOKED_AT:])
        return kept, [point.effect for point in kept], [1.0] * len(kept)
    attempts: dict[str, list[Point]] = {}
    for point in points:
        attempts.setdefault(point.night, []).append(point)
    last = list(attempts.values())[-NIGHTS_LOOKED_AT:]
    agreeing = [_agreeing(each) for each in last]
    return (
        tuple(each[-1] for each in last),
        [sum(point.effect for point in each) / len(each) for each in agreeing],
        [float(len(each)) for each in agreeing],
    )


def _agreeing(attempts: list[Point]) -> list[Point]:
    """Those that agree with the last one, itself included."""
    last = attempts[-1]
    if last.standard_error is None:
        return [last]
    return [
        each
        for each in attempts
        if each is last
        or (
            each.standard_error is not None
            and abs(each.effect - last.effect) <= _AGREE * math.hypot(each.standard_error, last.standard_error)
        )
    ]
