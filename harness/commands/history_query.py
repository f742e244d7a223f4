"""What is asked of a history by people: names that are looked for, moments since when, results and series."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select

from harness import __version__
from harness.documents.history import HistoryList, HistoryMark, HistorySeries, HistoryShown
from harness.errors import UserError
from harness.history.json_columns import facts_of
from harness.history.read_results import newest_results, results_of_series
from harness.history.read_series import Wanted, series_heads
from harness.history.tables import EnvironmentRecord, SeriesRecord
from harness.quantity import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.documents.history import HistoryResult
    from harness.documents.nightly import Change
    from harness.history.notes import Note
    from harness.history.rows import SeriesKey
    from harness.history.store import History

_AGO: Final = re.compile(r"(\d{1,5})([dwmy])")
_DAYS: Final = {"d": 1, "w": 7, "m": 30, "y": 365}
_NAMED: Final = 6
"""Names that an error lists before it counts the rest."""
_MOST_FACTS: Final = 3


def since_day(text: str, *, today: date | None = None) -> date:
    """The day that `2026-11-30` or `30d`, `8w`, `6m`, `1y` (ago) is. Raises `UserError`."""
    found = _AGO.fullmatch(text.strip())
    try:
        if found is not None:
            return (today or date.today()) - timedelta(days=int(found[1]) * _DAYS[found[2]])
        return date.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise UserError(f"{text[:40]!r} is no day", "For example 2026-11-30, or 30d, 8w, 6m, 1y ago.") from None


def checked(history: History, wanted: Wanted) -> Wanted:
    """`wanted`, where the history has every name in it. Raises `UserError` that says what there is instead."""
    history.read(lambda connection: _check(connection, wanted))
    return wanted


def _check(connection: Connection, wanted: Wanted) -> None:
    for what, value, column in (
        ("quantity", wanted.quantity, SeriesRecord.quantity),
        ("suite", wanted.suite, SeriesRecord.suite),
        ("experiment", wanted.experiment, SeriesRecord.experiment),
        ("device", wanted.device, SeriesRecord.device),
        ("candidate", wanted.candidate, SeriesRecord.candidate),
    ):
        if value is None:
            continue
        names = connection.execute(select(column).distinct().order_by(column)).scalars().all()
        if value in names:
            continue
        if what == "quantity" and value not in QUANTITIES:
            raise UserError(f"there is no quantity {value[:60]!r}", _instead(value, [*names, *QUANTITIES]))
        raise UserError(f"the history has no {what} {value[:60]!r}", _instead(value, names))


def _instead(value: str, names: Sequence[str]) -> str:
    names = [name for name in dict.fromkeys(names) if name]
    if not names:
        return "It is empty: `bakeoff history import RUNS` fills it from runs."
    near = difflib.get_close_matches(value, names, n=3)
    if near:
        return f"Did you mean {' or '.join(name[:60] for name in near)}?"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"There are {', '.join(name[:60] for name in names[:_NAMED])}{more}."


def list_results(
    history: History,
    *,
    suite: str | None = None,
    experiment: str | None = None,
    device: str | None = None,
    quantity: str | None = None,
    candidate: str | None = None,
    since: date | None = None,
    most: int,
) -> HistoryList:
    """The newest `most` results. Raises `UserError` for a name that the history does not have."""
    wanted = checked(history, Wanted(suite, experiment, device, quantity, candidate))
    moment = None if since is None else datetime(since.year, since.month, since.day, tzinfo=UTC)
    results, has_more = history.read(lambda connection: newest_results(connection, wanted, moment, most))
    return HistoryList(history=history.url, results=results, has_more=has_more)


def names_of_series(history: History, wanted: Wanted) -> list[SeriesKey]:
    """The keys of the series that are wanted. Raises `UserError` for a name that the history does not have."""
    checked(history, wanted)
    heads = history.read(lambda connection: series_heads(connection, wanted))
    return list(dict.fromkeys(key for _, key, *_ in heads))


def shown_series(history: History, wanted: Wanted) -> HistoryShown:
    """The series that are wanted, with what happened to them. Raises `UserError` for a name that the history does not
    have.
    """
    checked(history, wanted)
    results = history.read(lambda connection: results_of_series(connection, wanted))
    facts = history.read(_facts)
    changes = history.changes(wanted.suite)
    notes = history.notes()
    series = []
    for (suite, name, scale, unit, better), group in groupby(
        results, key=lambda each: (each.suite, each.name, each.scale, each.unit, each.better)
    ):
        of_series = list(group)
        quantity = QUANTITIES.get(name.quantity)
        marks = [
            *_changes_of(of_series[0], changes),
            *_notes_of(of_series, notes),
            *_breaks_of(of_series, facts),
        ]
        series.append(
            HistorySeries(
                name=name,
                suite=suite,
                label=quantity.label if quantity is not None else name.quantity,
                scale=scale,
                unit=unit,
                better=better,
                results=of_series,
                marks=sorted(marks, key=lambda mark: mark.night),
            )
        )
    return HistoryShown(bakeoff_version=__version__, history=history.url, series=series)


def _facts(connection: Connection) -> dict[str, dict[str, str]]:
    rows = connection.execute(select(EnvironmentRecord.fingerprint, EnvironmentRecord.facts))
    return {fingerprint: facts_of(text) for fingerprint, text in rows}


def _changes_of(result: HistoryResult, changes: Sequence[Change]) -> list[HistoryMark]:
    return [
        HistoryMark(
            night=change.first_bad_night,
            kind="change",
            text=f"{change.confirmation}: {member.words}; {change.sentence}",
            is_worse=member.is_worse,
        )
        for change in changes
        for member in change.members
        if member.name == result.name
    ]


def _notes_of(results: Sequence[HistoryResult], notes: Sequence[Note]) -> list[HistoryMark]:
    nights = {result.run_id: result.night for result in results}
    return [
        HistoryMark(night=nights[note.run_id], kind="note", text=note.text)
        for note in notes
        if note.run_id is not None and note.run_id in nights
    ]


def _breaks_of(results: Sequence[HistoryResult], facts: dict[str, dict[str, str]]) -> list[HistoryMark]:
    marks = []
    for before, after in pairwise(results):
        if before.design != after.design:
            text = "what is measured is no longer the same: the series starts anew"
            marks.append(HistoryMark(night=after.night, kind="design", text=text))
        if before.environment != after.environment:
            text = _what_changed(facts.get(before.environment, {}), facts.get(after.environment, {}))
            marks.append(HistoryMark(night=after.night, kind="environment", text=text))
    return marks


def _what_changed(before: dict[str, str], after: dict[str, str]) -> str:
    changed = [
        f"{name}: {before.get(name, 'unknown')} → {after.get(name, 'unknown')}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    more = f" and {len(changed) - _MOST_FACTS} more" if len(changed) > _MOST_FACTS else ""
    return "; ".join(changed[:_MOST_FACTS]) + more
