"""Series of results out of the database, as the detection of changes takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Connection, func, select

from harness.history.json_columns import commits_of, facts_of
from harness.history.rows import Environment, Point, Series, SeriesKey, effect_of
from harness.history.tables import EnvironmentRecord, ResultRecord, RunRecord, SeriesRecord


@dataclass(frozen=True)
class Wanted:
    """What to look for; None and empty is everything."""

    suite: str | None = None
    experiment: str | None = None
    device: str | None = None
    quantity: str | None = None
    candidate: str | None = None
    since: str | None = None
    """A night, such as `2026-11-30`."""

    @property
    def of_series(self) -> list[ColumnElement[bool]]:
        """The conditions on `bakeoff_series`."""
        pairs = (
            (SeriesRecord.suite, self.suite),
            (SeriesRecord.experiment, self.experiment),
            (SeriesRecord.device, self.device),
            (SeriesRecord.quantity, self.quantity),
            (SeriesRecord.candidate, self.candidate),
        )
        return [column == value for column, value in pairs if value is not None]

    @property
    def of_results(self) -> list[ColumnElement[bool]]:
        """The same conditions on `bakeoff_results`. A join with conditions on the series alone has SQLite look through
        the results of all of them.
        """
        conditions = self.of_series
        return [ResultRecord.series.in_(select(SeriesRecord.id).where(*conditions))] if conditions else []


def read_series(connection: Connection, wanted: Wanted, last_nights: int | None = None) -> list[Series]:
    """Series in order of their keys, points in order of nights and attempts. A result without an estimate is no point;
    a series without points is left out.
    """
    since = wanted.since
    if last_nights is not None:
        since = max(filter(None, (since, _first_of_the_last(connection, wanted.suite, last_nights))), default=None)
    statement = (
        select(
            ResultRecord.series,
            ResultRecord.estimate,
            ResultRecord.low,
            ResultRecord.high,
            ResultRecord.level,
            ResultRecord.n,
            RunRecord.night,
            RunRecord.measured_at,
            RunRecord.run_id,
            RunRecord.attempt,
            RunRecord.environment,
            RunRecord.design,
            RunRecord.commits,
            ResultRecord.baseline_value,
        )
        .join(RunRecord, RunRecord.id == ResultRecord.run)
        .where(ResultRecord.estimate.is_not(None), *wanted.of_results)
        .order_by(ResultRecord.series, RunRecord.night, RunRecord.attempt, RunRecord.measured_at, RunRecord.run_id)
    )
    if since is not None:
        # The moment is in the index of a series, and the night is not: of old rows nothing but the index is read.
        began = select(func.min(RunRecord.measured_at)).where(RunRecord.night >= since)
        statement = statement.where(RunRecord.night >= since, ResultRecord.measured_at >= began.scalar_subquery())
    heads = {
        number: (key, scale, unit, better) for number, key, scale, unit, better in series_heads(connection, wanted)
    }
    environments = _environments(connection)
    found = []
    for number, rows in groupby(connection.execute(statement), key=lambda row: row[0]):
        head = heads.get(number)
        if head is None:  # its series was taken out by somebody else's hand
            continue
        key, scale, unit, better = head
        points = tuple(filter(None, (_point(scale, row) for row in rows)))
        if points:
            used = {point.environment: environments.get(point.environment, Environment({})) for point in points}
            found.append(Series(key, scale, unit, better, points, used))
    return sorted(found, key=lambda series: (series.key, series.scale, series.unit, series.better))


def series_heads(
    connection: Connection, wanted: Wanted
) -> list[tuple[int, SeriesKey, Literal["ratio", "difference"], str, Literal["lower", "higher"]]]:
    """Number, key, scale, unit and the better direction of every series that is wanted, in order of their keys."""
    statement = select(
        SeriesRecord.id,
        SeriesRecord.suite,
        SeriesRecord.experiment,
        SeriesRecord.device,
        SeriesRecord.candidate,
        SeriesRecord.quantity,
        SeriesRecord.scale,
        SeriesRecord.unit,
        SeriesRecord.better,
    ).where(*wanted.of_series)
    return sorted(
        (
            row.id,
            SeriesKey(row.suite, row.experiment, row.device, row.candidate, row.quantity),
            "ratio" if row.scale == "ratio" else "difference",
            row.unit,
            "higher" if row.better == "higher" else "lower",
        )
        for row in connection.execute(statement)
    )


def _first_of_the_last(connection: Connection, suite: str | None, nights: int) -> str | None:
    statement = select(RunRecord.night).distinct().order_by(RunRecord.night.desc()).limit(nights)
    if suite is not None:
        statement = statement.where(RunRecord.suite == suite)
    return cast("str | None", connection.execute(select(func.min(statement.subquery().c[0]))).scalar())


def _environments(connection: Connection) -> dict[str, Environment]:
    rows = connection.execute(select(EnvironmentRecord.fingerprint, EnvironmentRecord.facts))
    return {fingerprint: Environment(facts_of(facts)) for fingerprint, facts in rows}


def _point(scale: Literal["ratio", "difference"], row: Sequence[Any]) -> Point | None:
    _, estimate, low, high, level, n, night, measured_at, run_id, attempt, environment, design, commits, reference = row
    if not math.isfinite(estimate) or (scale == "ratio" and estimate <= 0.0):
        return None
    error = _standard_error(scale, low, high, level, n)
    effect = effect_of(scale, estimate)
    return Point(
        night, measured_at, run_id, attempt, effect, error, environment, design, commits_of(commits), reference
    )


def _standard_error(
    scale: Literal["ratio", "difference"], low: float | None, high: float | None, level: float | None, n: int | None
) -> float | None:
    """Half of the interval's width over the quantile of Student's t with n − 1 degrees of freedom."""
    if low is None or high is None or level is None or not 0.0 < level < 1.0:
        return None
    if not (math.isfinite(low) and math.isfinite(high)) or (scale == "ratio" and low <= 0.0):
        return None
    width = effect_of(scale, high) - effect_of(scale, low)
    return width / (2.0 * _quantile(level, n)) if width > 0.0 else None


@lru_cache(maxsize=4096)
def _quantile(level: float, n: int | None) -> float:
    from scipy.special import ndtri, stdtrit

    tail = (1.0 + level) / 2.0
    return float(ndtri(tail) if n is None or n < 2 else stdtrit(n - 1, tail))
