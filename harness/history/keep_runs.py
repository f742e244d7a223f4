"""Runs and their results into the database, each run whole or not at all, and none twice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, delete, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from harness.history.json_columns import commits_as_json, facts_as_json
from harness.history.rows import Environment, ResultRow, RunRow
from harness.history.tables import Base, EnvironmentRecord, ResultRecord, RunRecord, SeriesRecord, as_kept
from harness.quantity import Available, Measured

_T = TypeVar("_T")
_AT_ONCE: Final = 300
"""Parameters of one statement are bounded: SQLite takes some ten thousand."""

_SeriesFacts = tuple[str, str, str, str, str, str, str, str]
_SERIES_COLUMNS: Final = (
    SeriesRecord.suite,
    SeriesRecord.experiment,
    SeriesRecord.device,
    SeriesRecord.candidate,
    SeriesRecord.quantity,
    SeriesRecord.scale,
    SeriesRecord.unit,
    SeriesRecord.better,
)


def keep_runs(connection: Connection, rows: Sequence[RunRow]) -> int:
    """Insert those that are not there yet, by run and device; returns how many that were."""
    # In one order, as whatever else is written here: two hosts that keep the same do not wait for each other in turn.
    new = sorted(_without_known(connection, rows), key=lambda row: (row.run_id, row.device))
    if not new:
        return 0
    _keep_environments(connection, [row.environment for row in new])
    ids = _series_ids(connection, new)
    kept = 0
    for part in _parts(new):
        numbers = _keep_heads(connection, part)
        kept += len(numbers)
        results = [
            _result(numbers[row.run_id, row.device], ids[_facts(result)], row, result)
            for row in part
            if (row.run_id, row.device) in numbers
            for result in _one_a_series(row)
        ]
        if results:
            connection.execute(insert(ResultRecord), results)
    return kept


def replace_runs(connection: Connection, rows: Sequence[RunRow]) -> int:
    """As `keep_runs`, in place of what is there of the same runs; returns how many were written."""
    for part in _parts(rows):
        names = [(row.run_id, row.device) for row in part]
        numbers = select(RunRecord.id).where(tuple_(RunRecord.run_id, RunRecord.device).in_(names))
        connection.execute(delete(ResultRecord).where(ResultRecord.run.in_(numbers)))
        connection.execute(delete(RunRecord).where(tuple_(RunRecord.run_id, RunRecord.device).in_(names)))
    return keep_runs(connection, rows)


def _without_known(connection: Connection, rows: Sequence[RunRow]) -> Iterator[RunRow]:
    """One of each run and device, the first, where the database has none."""
    seen: set[tuple[str, str]] = set()
    for given in _parts(rows):
        part = [replace(row, run_id=as_kept(row.run_id), device=as_kept(row.device)) for row in given]
        known = connection.execute(
            select(RunRecord.run_id, RunRecord.device).where(RunRecord.run_id.in_({row.run_id for row in part}))
        )
        seen.update((run_id, device) for run_id, device in known)
        for row in part:
            if (row.run_id, row.device) not in seen:
                seen.add((row.run_id, row.device))
                yield row


def _keep_environments(connection: Connection, environments: Iterable[Environment]) -> None:
    unique = {environment.fingerprint: environment for environment in environments}
    records = [
        {"fingerprint": fingerprint, "facts": facts_as_json(environment.facts)}
        for fingerprint, environment in sorted(unique.items())
    ]
    connection.execute(_insert_new(connection, EnvironmentRecord), records)


def _keep_heads(connection: Connection, rows: Sequence[RunRow]) -> dict[tuple[str, str], int]:
    """Run and device → number of the record, of those that nobody else inserted meanwhile."""
    statement = _insert_new(connection, RunRecord).returning(RunRecord.id, RunRecord.run_id, RunRecord.device)
    records = [
        {
            "run_id": row.run_id,
            "suite": row.suite,
            "night": row.night,
            "attempt": row.attempt,
            "experiment": row.experiment,
            "design": row.design,
            "device": row.device,
            "host": row.host,
            "folder": row.folder,
            "measured_at": row.measured_at,
            "environment": row.environment.fingerprint,
            "commits": commits_as_json(row.commits),
            "decision": row.decision,
            "sentence": row.sentence,
        }
        for row in rows
    ]
    return {(run_id, device): number for number, run_id, device in connection.execute(statement, records)}


def _series_ids(connection: Connection, rows: Sequence[RunRow]) -> dict[_SeriesFacts, int]:
    wanted = {_facts(result) for row in rows for result in row.results}
    ids = _known_series(connection, wanted)
    missing = sorted(wanted - ids.keys())
    if missing:
        names = [column.key for column in _SERIES_COLUMNS]
        statement = _insert_new(connection, SeriesRecord)
        connection.execute(statement, [dict(zip(names, facts, strict=True)) for facts in missing])
        ids = _known_series(connection, wanted)
    return ids


def _known_series(connection: Connection, wanted: set[_SeriesFacts]) -> dict[_SeriesFacts, int]:
    found: dict[_SeriesFacts, int] = {}
    for part in _parts(sorted({(facts[0], facts[1], facts[2]) for facts in wanted})):
        place = tuple_(SeriesRecord.suite, SeriesRecord.experiment, SeriesRecord.device)
        for number, *facts in connection.execute(select(SeriesRecord.id, *_SERIES_COLUMNS).where(place.in_(part))):
            found[tuple(facts)] = number  # type: ignore[index]
    return found


def _facts(result: ResultRow) -> _SeriesFacts:
    key = result.key
    texts = (
        key.suite,
        key.experiment,
        key.device,
        key.candidate,
        key.quantity,
        result.scale,
        result.unit,
        result.better,
    )
    # As the column has them, which takes no zero byte and no half of a character.
    return tuple(as_kept(text) for text in texts)  # type: ignore[return-value]


def _one_a_series(row: RunRow) -> Iterable[ResultRow]:
    return {_facts(result): result for result in row.results}.values()


def _result(run: int, series: int, row: RunRow, result: ResultRow) -> dict[str, Any]:
    estimate, unavailable = _number(result.estimate), result.unavailable
    if estimate is None and unavailable is None:
        unavailable = "the run gave no number"
    baseline_value, baseline_source = _value(result.baseline)
    candidate_value, candidate_source = _value(result.candidate)
    return {
        "run": run,
        "series": series,
        "measured_at": row.measured_at,
        "estimate": estimate,
        "low": _number(result.low),
        "high": _number(result.high),
        "level": _number(result.level),
        "n": result.n,
        "baseline_value": baseline_value,
        "baseline_source": baseline_source,
        "candidate_value": candidate_value,
        "candidate_source": candidate_source,
        "unavailable": unavailable,
    }


def _value(value: Measured) -> tuple[float | None, str]:
    if not isinstance(value, Available):
        return None, value.reason
    number = _number(value.value)
    return (number, value.source) if number is not None else (None, "it is not a number")


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _insert_new(connection: Connection, table: type[Base]) -> Any:
    """An insertion that leaves out what is there."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def _parts(rows: Iterable[_T]) -> Iterator[list[_T]]:
    left = iter(rows)
    while part := list(islice(left, _AT_ONCE)):
        yield part
