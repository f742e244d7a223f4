"""Results out of the database as people look at them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Connection, Select, func, select

from harness.documents.comparison import Decision
from harness.documents.history import HistoryResult
from harness.documents.nightly import SeriesName
from harness.history.json_columns import commits_of
from harness.history.read_series import Wanted
from harness.history.tables import ResultRecord, RunRecord, SeriesRecord
from harness.quantity import QUANTITIES
from harness.words.changes import effect_in_words

_AT_ONCE: Final = 5000
_COLUMNS: Final = (
    RunRecord.suite,
    RunRecord.night,
    RunRecord.measured_at,
    RunRecord.experiment,
    RunRecord.device,
    SeriesRecord.candidate,
    SeriesRecord.quantity,
    SeriesRecord.scale,
    SeriesRecord.unit,
    SeriesRecord.better,
    ResultRecord.estimate,
    ResultRecord.low,
    ResultRecord.high,
    ResultRecord.level,
    ResultRecord.n,
    ResultRecord.baseline_value,
    ResultRecord.candidate_value,
    ResultRecord.unavailable,
    RunRecord.decision,
    RunRecord.attempt,
    RunRecord.run_id,
    RunRecord.host,
    RunRecord.folder,
    RunRecord.environment,
    RunRecord.design,
    RunRecord.commits,
)
COLUMNS: Final = tuple(column.key for column in _COLUMNS)
"""What `every_result` gives of each, in this order."""


def newest_results(
    connection: Connection, wanted: Wanted, since: datetime | None, most: int
) -> tuple[list[HistoryResult], bool]:
    """The newest first, and whether there are more."""
    inner = select(ResultRecord.run, ResultRecord.series)
    numbers = connection.execute(select(SeriesRecord.id).where(*wanted.of_series)).scalars().all()
    every = connection.execute(select(func.count()).select_from(SeriesRecord)).scalar_one()
    if len(numbers) < every:
        inner = inner.where(ResultRecord.series.in_(select(SeriesRecord.id).where(*wanted.of_series)))
    if since is not None:
        inner = inner.where(ResultRecord.measured_at >= since)
    # The newest are found in an index alone; what else is told of them is then looked up for so many and no more.
    order = (ResultRecord.measured_at.desc(), ResultRecord.series, ResultRecord.run)
    chosen = inner.order_by(*order).limit(most + 1).subquery()
    statement = (
        select(*_COLUMNS)
        .select_from(chosen)
        .join(ResultRecord, (ResultRecord.run == chosen.c.run) & (ResultRecord.series == chosen.c.series))
        .join(RunRecord, RunRecord.id == ResultRecord.run)
        .join(SeriesRecord, SeriesRecord.id == ResultRecord.series)
        .order_by(*order)
    )
    found = [_result(row) for row in connection.execute(statement)]
    return found[:most], len(found) > most


def results_of_series(connection: Connection, wanted: Wanted) -> list[HistoryResult]:
    """All that are wanted, series by series, the oldest first."""
    statement = _joined(wanted).order_by(
        ResultRecord.series, RunRecord.night, RunRecord.attempt, RunRecord.measured_at, RunRecord.run_id
    )
    return [_result(row) for row in connection.execute(statement)]


def every_result(connection: Connection, wanted: Wanted) -> Iterator[list[tuple[Any, ...]]]:
    """Rows of `COLUMNS` in parts, the oldest first; however many there are, some thousands are in memory."""
    statement = _joined(wanted).order_by(ResultRecord.measured_at, ResultRecord.series, ResultRecord.run)
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(statement)
    for part in rows.partitions():
        yield [tuple(row) for row in part]


def _joined(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    statement = (
        select(*_COLUMNS)
        .select_from(ResultRecord)
        .join(RunRecord, RunRecord.id == ResultRecord.run)
        .join(SeriesRecord, SeriesRecord.id == ResultRecord.series)
        .where(*wanted.of_results)
    )
    return statement if wanted.since is None else statement.where(RunRecord.night >= wanted.since)


def _result(row: Any) -> HistoryResult:
    return HistoryResult(
        name=SeriesName(experiment=row.experiment, device=row.device, candidate=row.candidate, quantity=row.quantity),
        suite=row.suite,
        night=row.night,
        measured_at=row.measured_at.isoformat(timespec="seconds"),
        attempt=row.attempt,
        scale="ratio" if row.scale == "ratio" else "difference",
        unit=row.unit,
        better="higher" if row.better == "higher" else "lower",
        estimate=row.estimate,
        low=row.low,
        high=row.high,
        level=row.level,
        n=row.n,
        baseline_value=row.baseline_value,
        candidate_value=row.candidate_value,
        unavailable=row.unavailable,
        words=_words(row),
        decision=cast("Decision", row.decision) if row.decision in {"ship", "hold", "undecided"} else None,
        run_id=row.run_id,
        host=row.host,
        folder=row.folder,
        environment=row.environment,
        design=row.design,
        commits=list(commits_of(row.commits)),
    )


def _words(row: Any) -> str:
    if row.estimate is None:
        return f"unavailable: {row.unavailable}"
    quantity = QUANTITIES.get(row.quantity)
    if quantity is None or quantity.scale != row.scale or (row.scale == "ratio" and row.estimate <= 0):
        return f"{row.estimate:.6g} {row.unit}".strip() if row.scale == "difference" else f"{row.estimate:.6g} times"
    return effect_in_words(quantity, row.estimate, row.low, row.high)
