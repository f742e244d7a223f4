"""What may go from a history that has grown old: nights whose numbers nothing that was told of rests on.

These stay, however old: what a note is about; what a change is told by, from the last good night to the first bad one;
what somebody decided by, which is every run by hand and every run at which the verdict of its experiment on that
device changed; and the newest of each experiment on each device.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from harness.history.nights import find_changes
from harness.history.tables import EnvironmentRecord, NightRecord, NoteRecord, ResultRecord, RunRecord, SeriesRecord

NOTED: Final = "a note is about it"
CHANGED: Final = "a change is told by it"
BY_HAND: Final = "it was not a suite's, so somebody decided by it"
TURNED: Final = "its verdict was another than the one before"
NEWEST: Final = "it is the newest of its experiment on its device"
_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Retention:
    """What goes."""

    runs: tuple[int, ...]
    """Numbers of their records."""
    results: int
    kept: dict[str, int]
    """Why older runs stay → how many."""
    nights: tuple[tuple[str, str, str], ...]
    """Suite, night and host of documents that go."""


def plan_retention(connection: Connection, before: str) -> Retention:
    """What goes of the nights before `before`. Nothing is changed."""
    runs = connection.execute(
        select(
            RunRecord.id,
            RunRecord.run_id,
            RunRecord.suite,
            RunRecord.night,
            RunRecord.experiment,
            RunRecord.device,
            RunRecord.decision,
        ).order_by(
            RunRecord.suite,
            RunRecord.experiment,
            RunRecord.device,
            RunRecord.night,
            RunRecord.attempt,
            RunRecord.measured_at,
        )
    ).all()
    noted = set(connection.execute(select(NoteRecord.run_id)).scalars())
    changed = _told_nights(connection)
    going: list[int] = []
    kept: Counter[str] = Counter()
    for _, group in groupby(runs, key=lambda run: (run.suite, run.experiment, run.device)):
        of_place = list(group)
        for index, run in enumerate(of_place):
            if run.night >= before:
                continue
            why = _why_it_stays(of_place, index, noted, changed)
            if why is None:
                going.append(run.id)
            else:
                kept[why] += 1
    results = sum(
        connection.execute(
            select(func.count()).select_from(ResultRecord).where(ResultRecord.run.in_(going[at : at + _AT_ONCE]))
        ).scalar_one()
        for at in range(0, len(going), _AT_ONCE)
    )
    return Retention(tuple(going), results, dict(kept), _old_nights(connection, before, changed))


def carry_out(connection: Connection, retention: Retention) -> None:
    """Take out what goes, and what then belongs to nothing."""
    for at in range(0, len(retention.runs), _AT_ONCE):
        part = retention.runs[at : at + _AT_ONCE]
        connection.execute(delete(ResultRecord).where(ResultRecord.run.in_(part)))
        connection.execute(delete(RunRecord).where(RunRecord.id.in_(part)))
    for suite, night, host in retention.nights:
        connection.execute(
            delete(NightRecord).where(NightRecord.suite == suite, NightRecord.night == night, NightRecord.host == host)
        )
    used = select(RunRecord.environment)
    connection.execute(delete(EnvironmentRecord).where(EnvironmentRecord.fingerprint.not_in(used)))
    connection.execute(delete(SeriesRecord).where(SeriesRecord.id.not_in(select(ResultRecord.series))))


def _why_it_stays(
    runs: list[Any], index: int, noted: set[str | None], changed: dict[tuple[str, str, str], list[tuple[str, str]]]
) -> str | None:
    run = runs[index]
    spans = changed.get((run.suite, run.experiment, run.device), [])
    if run.run_id in noted:
        return NOTED
    if any(good <= run.night <= bad for good, bad in spans):
        return CHANGED
    if not run.suite:
        return BY_HAND
    if index == 0 or runs[index - 1].decision != run.decision:
        return TURNED
    return NEWEST if index == len(runs) - 1 else None


def _told_nights(connection: Connection) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """Suite, experiment and device → from the last good night to the first bad one, of every change."""
    spans: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for suite, _, change in find_changes(connection, None):
        span = (change.last_good_night or change.first_bad_night, change.first_bad_night)
        for place in {(suite, member.name.experiment, member.name.device) for member in change.members}:
            spans.setdefault(place, []).append(span)
    return spans


def _old_nights(
    connection: Connection, before: str, changed: dict[tuple[str, str, str], list[tuple[str, str]]]
) -> tuple[tuple[str, str, str], ...]:
    told = {(suite, night) for (suite, _, _), spans in changed.items() for span in spans for night in span}
    rows = connection.execute(
        select(NightRecord.suite, NightRecord.night, NightRecord.host).where(NightRecord.night < before)
    )
    return tuple((row.suite, row.night, row.host) for row in rows if (row.suite, row.night) not in told)
