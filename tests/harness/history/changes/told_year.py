"""A year of nights as they would go, one after the other, and how what was told compares with what is true."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from harness.documents.nightly import Change
from harness.history.changes.decide import decide
from harness.history.changes.suspects import find_suspects
from tests.harness.history.changes.simulated_year import Planted, Year, night_name, with_points

LATE = 45
"""An alert so many nights after an event is still of it."""


@dataclass
class ToldYear:
    """Alerts of each night: sets of series."""

    year: Year
    alerts: list[list[frozenset[int]]] = field(default_factory=list)
    told: list[Change] = field(default_factory=list)
    members: list[set[int]] = field(default_factory=list)
    """Series that were named on each night, as news or as more of what was told."""
    measured_again: int = 0
    seconds: float = 0.0
    log: list[tuple[int, Change]] = field(default_factory=list)


def nights_of(year: Year, *, measured_again: bool = True) -> ToldYear:
    """Every night: measure, find suspects, measure the runs that they are in again, decide, keep what was told."""
    result = ToldYear(year)
    series = year.empty_series()
    index = {key: i for i, key in enumerate(year.keys)}
    for night in range(year.settings.nights):
        tonight = night_name(night)
        series = [
            each if (point := year.point(night, i, 1)) is None else with_points(each, [point])
            for i, each in enumerate(series)
        ]
        start = time.process_time()
        suspects = find_suspects(series, result.told, tonight)
        result.seconds += time.process_time() - start
        runs = {year.run_of(index[each.key]) for each in suspects}
        result.measured_again += len(runs)
        if measured_again:
            for i in range(len(series)):
                if year.run_of(i) in runs and (point := year.point(night, i, 2)) is not None:
                    series[i] = with_points(series[i], [point])
        start = time.process_time()
        changes = decide(series, suspects, result.told, tonight)
        result.seconds += time.process_time() - start
        confirmed = [each for each in changes if each.confirmation == "confirmed"]
        result.log += [(night, each) for each in changes]
        by_id = {each.id: each for each in result.told}
        by_id.update({each.id: each for each in confirmed})
        result.told = list(by_id.values())

        def of(change: Change) -> frozenset[int]:
            return frozenset(index[_key(year, member.name)] for member in change.members)

        result.alerts.append([of(each) for each in confirmed if each.is_new])
        result.members.append(set().union(*(of(each) for each in confirmed)))
    return result


def _key(year: Year, name):  # type: ignore[no-untyped-def]
    from harness.history.rows import SeriesKey

    return SeriesKey("suite", name.experiment, name.device, name.candidate, name.quantity)


@dataclass(frozen=True)
class Score:
    """How a year's alerts did."""

    false_alarms: int
    found: dict[str, tuple[int, int]]
    """Kind → events found within `LATE` nights, and events."""
    nights_until: dict[str, list[int]]
    alerts: int
    alerts_an_event: float
    """New alerts of true events over events that were found."""
    overlap: float
    """Mean Jaccard of adjacent nights' alerted series, of those pairs of nights that have any."""

    def share_found(self, kind: str, within: int) -> float:
        """Of the events of a kind, those found within so many nights (1: in their first)."""
        _, count = self.found[kind]
        return sum(nights <= within for nights in self.nights_until[kind]) / count if count else float("nan")


def score(year: Year, alerts: list[list[frozenset[int]]], named: list[set[int]] | None = None) -> Score:
    """Of alerts of each night. `named` are the series that were named at all, where that is more."""
    named = [set().union(*each) for each in alerts] if named is None else named
    first_named: dict[int, int] = {}
    alerts_of: dict[int, int] = {}
    for number, event in enumerate(_distinct(year.planted)):
        nights = range(event.night, min(event.night + LATE, len(alerts)))
        hit = next((night for night in nights if named[night] & set(event.series)), None)
        if hit is not None:
            # A night in which none of its devices was there tells nothing.
            missing = sum(bool(year.missing[night, list(event.series)].all()) for night in range(event.night, hit))
            first_named[number] = hit - event.night + 1 - missing
    false_alarms = 0
    events = _distinct(year.planted)
    for night, each in enumerate(alerts):
        for alert in each:
            of = [
                number
                for number, event in enumerate(events)
                if event.night <= night < event.night + LATE + (50 if event.kind == "drift" else 0)
                and alert & set(event.series)
            ]
            if not of:
                false_alarms += 1
            # Where a series has had several, it is of the last of them.
            for number in sorted(of, key=lambda one: -events[one].night)[:1]:
                alerts_of[number] = alerts_of.get(number, 0) + 1
    found: dict[str, tuple[int, int]] = {}
    until: dict[str, list[int]] = {}
    for number, event in enumerate(events):
        had, count = found.get(event.kind, (0, 0))
        found[event.kind] = (had + (number in first_named), count + 1)
        until.setdefault(event.kind, []).extend([first_named[number]] if number in first_named else [])
    sets = [set().union(*each) for each in alerts]
    overlaps = [len(one & after) / len(one | after) for one, after in itertools.pairwise(sets) if one | after]
    return Score(
        false_alarms,
        found,
        until,
        sum(map(len, alerts)),
        sum(alerts_of.values()) / max(len(alerts_of), 1),
        float(np.mean(overlaps)) if overlaps else 0.0,
    )


def _distinct(planted: list[Planted]) -> list[Planted]:
    """The two halves of a cost that moved are one event."""
    merged: dict[tuple[object, ...], Planted] = {}
    for number, event in enumerate(planted):
        key = (event.kind, event.night) if event.kind == "cost moved" else (number,)
        there = merged.get(key)
        merged[key] = event if there is None else Planted(event.kind, event.night, there.series + event.series, 0.1)
    return list(merged.values())


Rule = Callable[[np.ndarray], np.ndarray]
"""From first attempts, shape (nights, series), to whether each is alerted."""


def alerts_of_rule(year: Year, rule: Rule) -> list[list[frozenset[int]]]:
    """A rule that looks at each series by itself, each night."""
    values = np.where(year.missing, np.nan, year.attempts[0])
    flags = rule(values)
    return [[frozenset([int(i)]) for i in np.flatnonzero(row)] for row in flags]
