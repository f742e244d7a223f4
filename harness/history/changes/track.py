"""A series as it is judged tonight: one value a night since its last told change, all of one design."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from harness.documents.nightly import Change, SeriesName
from harness.history.changes.limits import NIGHTS_LOOKED_AT
from harness.history.rows import Point, Series, SeriesKey
from harness.statistics.estimate import Floats
from harness.statistics.lone_outliers import without_course, without_lone_outliers
from harness.statistics.moderated_variance import VariancePrior
from harness.statistics.tail_shift import FEWEST_BEFORE

_POINTS: Final = NIGHTS_LOOKED_AT + NIGHTS_LOOKED_AT // 4
"""Attempts among which so many nights are looked for."""
_MOST_ATTEMPTS: Final = 8
_FEW_SINCE: Final = 10
"""So many nights since a told change say too little of their spread by themselves."""
_FEWEST_OF_SPREAD: Final = 8
_MOST_OF_SPREAD: Final = 30
_AGREE: Final = 2.5
"""Two attempts of a night agree where they are within so many standard errors of their difference."""


@dataclass(frozen=True)
class Track:
    """Its arrays have shape (n,), one entry a night, tonight last."""

    series: Series
    points: tuple[Point, ...]
    """Each night's last attempt."""
    values: Floats
    """The effect of each night: the mean of attempts that agree; of others the one nearest to the night before."""
    cleaned: Floats
    """The same with lone outliers brought nearer."""
    counts: Floats
    """How many attempts are in each value."""
    variances: Floats
    """The square of the standard error of a run; not a number where it has none."""
    usual_variance: float | None
    """Their median; None where no run has an interval."""
    told: Change | None
    """The last change that was told of it."""
    spread_before: VariancePrior | None = None
    """How its nights before that change scattered, where they are enough to say, for as long as those since are few."""

    @property
    def key(self) -> SeriesKey:
        """The series' key."""
        return self.series.key

    @property
    def tonight(self) -> Point:
        """The last attempt of tonight."""
        return self.points[-1]

    @property
    def attempts_tonight(self) -> list[Point]:
        """All attempts of tonight."""
        tonight = self.points[-1].night
        return [point for point in self.series.points[-_MOST_ATTEMPTS:] if point.night == tonight]

    @property
    def was_measured_again(self) -> bool:
        """Whether tonight has more than one attempt."""
        return len(self.attempts_tonight) > 1

    @property
    def doubt_of_before(self) -> float:
        """How many times the variance the level before has: a change that was just told is more likely told too large
        than too small.
        """
        return 1.0 if self.told is None else 2.0

    @property
    def fewest_before(self) -> int:
        """How many nights before a place may be a level: one since a change that was told, whose level two measurements
        agreed on; a fix of the next morning is seen in the next night.
        """
        is_level = self.told is not None and self.told.kind not in {"new series", "drift"}
        return 1 if is_level and self.spread_before is not None else FEWEST_BEFORE

    def has_level_before(self, place: int) -> bool:
        """Whether a change may begin at that index: after few nights only where there is a reason for one in that
        night, or nobody knows the models' commits.
        """
        if place >= FEWEST_BEFORE:
            return True
        return place >= self.fewest_before and (not self.tonight.commits or place in self.marks())

    def prior(self, of_quantity: VariancePrior) -> VariancePrior:
        """What is known of its spread beside its own nights: of all series of its quantity, and of its own before."""
        mine = self.spread_before
        if mine is None:
            return of_quantity
        degrees = of_quantity.degrees + mine.degrees
        variance = (of_quantity.degrees * of_quantity.variance + mine.degrees * mine.variance) / degrees
        return VariancePrior(variance, degrees)

    def marks(self, last: int | None = None) -> list[int]:
        """Indices of nights, of so many last ones, with another environment or commits than the night before."""
        begin = 0 if last is None else max(0, len(self.points) - last - 1)
        return [
            i
            for i, (before, point) in enumerate(itertools.pairwise(self.points[begin:]), start=begin + 1)
            if point.environment != before.environment
            or (point.commits is not before.commits and hashes(point) != hashes(before))
        ]


def hashes(point: Point) -> list[str]:
    """The commits' hashes of a point."""
    return [commit.sha for commit in point.commits]


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


def before_second_measurement(series: Sequence[Series], tonight: str) -> list[Series]:
    """The same without the last attempt of tonight, where there are several."""
    return [
        replace(each, points=each.points[:-1])
        if len(each.points) > 1 and each.points[-2].night == each.points[-1].night == tonight
        else each
        for each in series
    ]


def tracks_of(series: Sequence[Series], told: Sequence[Change], tonight: str) -> list[Track]:
    """Those of all series that have a value of tonight."""
    changes = last_told(told, tonight)
    tracks = (_track(each, changes, tonight) for each in series)
    return [track for track in tracks if track is not None]


def _track(series: Series, changes: Mapping[tuple[str, str, str, str], Change], tonight: str) -> Track | None:
    points = series.points
    if points and points[-1].night > tonight:
        points = tuple(point for point in points if point.night <= tonight)
    points = _last_points(points)
    if not points or points[-1].night != tonight:
        return None
    key = series.key
    change = changes.get((key.experiment, key.device, key.candidate, key.quantity))
    earlier: tuple[Point, ...] = ()
    if change is not None:
        begin = baseline_begin(change)
        earlier = tuple(point for point in points if point.night < begin)
        points = tuple(point for point in points if point.night >= begin)
    design = points[-1].design
    if points[0].design != design or any(point.design != design for point in points):
        others = max(i for i, point in enumerate(points) if point.design != design)
        points = points[others + 1 :]
    kept, values, counts = _nights(points)
    kept, values, counts = kept[-NIGHTS_LOOKED_AT:], values[-NIGHTS_LOOKED_AT:], counts[-NIGHTS_LOOKED_AT:]
    errors = [point.standard_error for point in kept]
    variances = np.square(np.array(errors, dtype=np.float64))
    effects = np.array(values, dtype=np.float64)
    known = np.sort(variances)  # what is not a number comes last
    many = known.size - int(np.isnan(known).sum())
    usual = float(known[many // 2]) if many else None
    cleaned = without_lone_outliers(effects)
    spread = _spread(earlier, design) if effects.size <= _FEW_SINCE else None
    return Track(series, kept, effects, cleaned, np.array(counts), variances, usual, change, spread)


def _last_points(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Those of all nights that are looked at, and some more: the same nights, however often each was measured."""
    size = _POINTS
    while size < len(points) and len({point.night for point in points[-size:]}) <= NIGHTS_LOOKED_AT:
        size *= 2
    return points[-size:]


def _spread(points: tuple[Point, ...], design: str) -> VariancePrior | None:
    """Of the last nights before a change that are of this design; None where they are too few."""
    if not points or any(point.design != design for point in points[-_MOST_OF_SPREAD:]):
        return None
    _, values, _ = _nights(points[-_MOST_OF_SPREAD:])
    if len(values) < _FEWEST_OF_SPREAD:
        return None
    residuals = without_course(without_lone_outliers(np.array(values, dtype=np.float64)))
    degrees = residuals.size - 1.0
    return VariancePrior(float(residuals @ residuals) / degrees, degrees)


def _nights(points: Sequence[Point]) -> tuple[tuple[Point, ...], list[float], list[float]]:
    """The last attempt, the value and the number of attempts of each night."""
    last_of_night = [one.night != after.night for one, after in itertools.pairwise(points)]
    values = [point.effect for point in points]
    if all(last_of_night):
        return tuple(points), values, [1.0] * len(values)
    last_of_night.append(True)
    counts = [1.0] * len(values)
    begin = 0
    for i, is_last in enumerate(last_of_night):
        if is_last:
            if i > begin:
                agreeing = _agreeing(points[begin : i + 1], values[begin - 1] if begin else None)
                counts[i] = float(len(agreeing))
                values[i] = sum(point.effect for point in agreeing) / len(agreeing)
            begin = i + 1
    kept = tuple(itertools.compress(points, last_of_night))
    return kept, list(itertools.compress(values, last_of_night)), list(itertools.compress(counts, last_of_night))


def _agreeing(attempts: Sequence[Point], before: float | None) -> list[Point]:
    """Attempts of a night that agree with the one nearest to the night before, itself included; to the last one, where
    there is no night before.
    """
    one = attempts[-1] if before is None else min(reversed(attempts), key=lambda each: abs(each.effect - before))
    error = one.standard_error
    if error is None:
        return [one]
    return [
        each
        for each in attempts
        if each is one
        or (
            each.standard_error is not None
            and abs(each.effect - one.effect) <= _AGREE * math.hypot(each.standard_error, error)
        )
    ]
