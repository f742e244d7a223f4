"""Every panel over PostgreSQL, asked of a real one whose history holds a simulated month."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import psycopg
import pytest

from harness.history.store import open_history
from tests.monitoring import simulated_month as month
from tests.monitoring.dashboard import as_sql, dashboard, queries
from tests.reports.nightly import sample_night as sample

QUERIES = queries("bakeoff_postgresql.json")


@pytest.fixture(scope="session")
def connection(postgresql):
    url = postgresql.new_database()
    with open_history(url) as history:
        history.keep_runs(month.runs())
        for nightly in month.nights():
            history.keep_night(nightly)
            history.keep_changes(nightly.suite, nightly.changes)
        # A night whose document is no JSON of PostgreSQL's must not empty a panel.
        odd = sample.series("upscaler", "d", "latency_p50", nights=2, night="2025-03-29")
        odd = odd.model_copy(update={"baseline_effect": float("nan")})
        history.keep_night(
            sample.night(night="2025-03-29", finished_at="2025-03-29T03:30:00+00:00", series=[odd], suite="other")
        )
        history.set_quarantine(sample.PHONE, datetime(2025, 3, 19, tzinfo=UTC), "adb lost it", 3)
    with psycopg.connect(url, autocommit=True) as connected:
        # As the documentation has it, Grafana's user may only read.
        connected.execute("create role grafana")
        connected.execute("grant select on all tables in schema public to grafana")
        connected.execute("set role grafana")
        yield connected


def asked(query) -> str:
    return as_sql(query.text, ["upscalers", "other", "it''s"], month.STARTS, time.time() + 3600)


def rows(connection, query) -> tuple[list[str], list[tuple]]:
    with connection.cursor() as cursor:
        cursor.execute(asked(query))
        return [column.name for column in cursor.description], cursor.fetchall()


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_a_panel_has_data_in_the_form_that_grafana_reads(connection, query):
    columns, found = rows(connection, query)
    assert found
    (target,) = [
        target
        for panel in dashboard("bakeoff_postgresql.json")["panels"]
        for target in panel.get("targets", [])
        if target["rawSql"] == query.text
    ]
    if target["format"] == "time_series":
        assert columns[:2] == ["time", "metric"]
        assert len(found) >= 20
        times = [row[0] for row in found]
        assert times == sorted(times)
        assert all(isinstance(value, (float, int)) for row in found for value in row[2:] if value is not None)


def panel(title: str):
    return next(query for query in QUERIES if query.panel == title)


def test_a_night_that_was_measured_twice_is_one_point_the_second(connection):
    _, found = rows(connection, panel("Verdicts"))
    regression = [row for row in found if row[0].day == month.REGRESSION + 1]
    assert [row[0].minute for row in regression] == [2, 2]
    assert {row[2] for row in regression} == {-1}


def test_the_two_missed_nights_are_named(connection):
    _, found = rows(connection, panel("Nights missed"))
    assert [row[1] for row in found if row[0] == "upscalers"] == ["2025-03-21", "2025-03-10"]


def test_what_was_told_is_there_in_words(connection):
    columns, found = rows(connection, panel("Changes"))
    (row,) = found
    told = dict(zip(columns, row, strict=True))
    assert (told["Kind"], told["First bad night"]) == ("regression", sample.NIGHT)
    assert "prune the tail" in told["In words"]


def test_the_suites_are_found_for_the_variable(connection):
    (variable,) = [
        each for each in dashboard("bakeoff_postgresql.json")["templating"]["list"] if each["name"] == "suite"
    ]
    assert connection.execute(variable["query"]).fetchall() == [("upscalers",)]
