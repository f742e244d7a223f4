"""What one series shows tonight: the newest change that its nights make likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.history.changes.limits import (
    ALONE_Z,
    LONGEST_DRIFT,
    MARKED_LIKELIER,
    MARKED_SHARE,
    NIGHTS_MARKED,
    SEEN_AT_ONCE,
    SEEN_LATER,
    SLOPE_LENGTHS,
    SLOPES_SHARE,
    TAIL_SHARES,
    WITHOUT_FARTHEST_P,
    least_change,
)
from harness.history.changes.noise import Noise
from harness.history.changes.track import Track
from harness.statistics.slow_drift import FEWEST_VALUES, Course, course_of, slopes
from harness.statistics.tail_shift import FEWEST_BEFORE, tail_shifts


@dataclass(frozen=True)
class Finding:
    """A likely change of one series. Effects are on the scale that changes are looked for in."""

    track: Track
    course: Course
    p_value: float
    """Corrected for all places and slopes that were looked at."""
    before: float
    after: float
    standard_error: float
    """The standard error of after − before."""
    degrees: float

    @property
    def difference(self) -> float:
        """By how much it lies higher after."""
        return self.after - self.before

    @property
    def is_large(self) -> bool:
        """Whether it is at least the least change that is told."""
        return abs(self.difference) >= least_change(self.track.key.quantity, self.track.series.scale)

    @property
    def is_worse(self) -> bool:
        """Whether it is a change for the worse."""
        return (self.difference > 0.0) == (self.track.series.better == "lower")

    @property
    def first_bad_night(self) -> str:
        """The first night after it."""
        return self.track.points[self.course.begin].night

    @property
    def last_good_night(self) -> str | None:
        """The last night before it."""
        return self.track.points[self.course.begin - 1].night if self.course.begin else None

    @property
    def nights_after(self) -> int:
        """How many nights show it."""
        return len(self.track.points) - self.course.begin


def tested(track: Track) -> bool:
    """Whether there are nights enough to say anything."""
    return any(track.has_level_before(place) for place in range(1, min(track.values.size, FEWEST_BEFORE + 1)))


def look(track: Track, noise: Noise, most_p: float) -> Finding | None:
    """The newest change that is this likely; None where there is none."""
    if not tested(track):
        return None
    factors = noise.factors(track)
    n = track.values.size
    marked = {n - mark for mark in track.marks(NIGHTS_MARKED)}
    lengths = sorted(k for k in {*TAIL_SHARES, *marked} if track.has_level_before(n - k))
    shifts = tail_shifts(
        track.cleaned,
        factors,
        lengths,
        track.prior(noise.prior),
        noise.serial,
        noise.least_deviation,
        track.doubt_of_before,
        track.fewest_before,
    )
    ks = shifts.lengths
    shares = np.array([TAIL_SHARES.get(k, 0.0) + MARKED_SHARE * (k in marked) for k in ks.tolist()])
    shares /= shares.sum()
    p_tail = float((shifts.p_values / shares).min())
    lines = slopes(track.cleaned, factors, SLOPE_LENGTHS, noise.prior, noise.serial, noise.least_deviation)
    if lines:
        p_line = min(line.p_value for line in lines) * len(lines)
        p_value = min(p_tail / (1.0 - SLOPES_SHARE), p_line / SLOPES_SHARE)
    else:
        p_value = p_tail
    if p_value > most_p:
        return None
    place = int(np.argmin(shifts.p_values / shares))
    likelier = np.ones(n)
    likelier[track.marks()] = MARKED_LIKELIER
    alike = float(noise.serial.inflation(np.array([10.0]))[0])
    variance = float(shifts.deviations[place]) ** 2 * alike
    course = course_of(track.cleaned, factors, variance, likelier, LONGEST_DRIFT)
    if course.is_drift and lines:
        line = min(lines, key=lambda each: each.p_value)
        return Finding(
            track,
            course,
            min(1.0, p_value),
            course.before,
            course.after,
            line.standard_error,
            noise.prior.degrees + FEWEST_VALUES,
        )
    if not track.has_level_before(course.begin):
        begin = n - int(ks[place])
        course = Course(False, begin, begin, begin, float(shifts.before[place]), float(shifts.after[place]))
    return _at(track, noise, course, min(1.0, p_value))


def look_at(track: Track, noise: Noise, begin: int) -> Finding | None:
    """What a series shows where the place is known: with a p-value of that place alone. None where too little is
    before it.
    """
    if not track.has_level_before(begin) or begin >= track.values.size:
        return None
    return _at(track, noise, Course(False, begin, begin, begin, 0.0, 0.0), None)


def _at(track: Track, noise: Noise, course: Course, p_value: float | None) -> Finding:
    shifts = tail_shifts(
        track.cleaned,
        noise.factors(track),
        [track.values.size - course.begin],
        track.prior(noise.prior),
        noise.serial,
        noise.least_deviation,
        track.doubt_of_before,
        track.fewest_before,
    )
    return Finding(
        track,
        course,
        float(shifts.p_values[0]) if p_value is None else p_value,
        float(shifts.before[0]),
        float(shifts.after[0]),
        float(shifts.standard_errors[0]),
        float(shifts.degrees[0]),
    )


def index_of_night(track: Track, night: str) -> int:
    """The first night of the track from that one on."""
    nights: Sequence[str] = [point.night for point in track.points]
    return next((i for i, each in enumerate(nights) if each >= night), len(nights))


def shown_by_each_attempt(finding: Finding) -> bool:
    """Whether each attempt of tonight shows a share of the change, and what only tonight shows by itself."""
    alone = finding.nights_after == 1
    least = min((each.effect - finding.before) / finding.difference for each in finding.track.attempts_tonight)
    if least < (SEEN_AT_ONCE if alone else SEEN_LATER):
        return False
    return not alone or least * abs(finding.difference) >= ALONE_Z * finding.standard_error


def stands_without_farthest(finding: Finding, noise: Noise) -> bool:
    """Whether the change is still there without the night since it that is farthest from before: one hot night makes
    the mean of several look moved. A change of one night has no other.
    """
    if finding.nights_after < 2 or finding.course.is_drift:
        return True
    track, begin = finding.track, finding.course.begin
    away = (track.cleaned[begin:] - finding.before) * (1.0 if finding.difference > 0.0 else -1.0)
    kept = np.delete(np.arange(track.values.size), begin + int(np.argmax(away)))
    shifts = tail_shifts(
        track.cleaned[kept],
        noise.factors(track)[kept],
        [finding.nights_after - 1],
        track.prior(noise.prior),
        noise.serial,
        noise.least_deviation,
        track.doubt_of_before,
        track.fewest_before,
    )
    rest = float(shifts.after[0] - shifts.before[0])
    return rest / finding.difference >= 0.4 and float(shifts.p_values[0]) <= WITHOUT_FARTHEST_P
