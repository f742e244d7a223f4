"""What people ask of a history is answered the same in both kinds of database."""

from __future__ import annotations

import csv
import dataclasses
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from harness.commands.history_check import check_history
from harness.commands.history_export import csv_of, export_results
from harness.commands.history_prune import prune_history
from harness.commands.history_query import list_results, shown_series, since_day
from harness.commands.journal import make_journal
from harness.errors import UserError
from harness.history import open_question
from harness.history.read_series import Wanted
from harness.history.store import History
from tests.harness.history.sample_rows import change, night, nightly, result, run_row


@pytest.fixture
def filled(history: History) -> History:
    """Ten nights on two devices, one of them measured twice, and a run by hand."""
    rows = [run_row(number, device=device) for number in range(10) for device in ("adb:R5CT30", "local")]
    rows.append(run_row(5, attempt=2))
    rows.append(run_row(4, suite="", run_id="by-hand"))
    silent = run_row(11)
    rows.append(dataclasses.replace(silent, results=(result(silent.results[0].key, None),), decision="undecided"))
    history.keep_runs(rows)
    history.keep_changes("phones", [change(5)])
    history.keep_night(nightly(1))
    history.add_note("tried", run_id=rows[3].run_id, written_at=datetime(2026, 1, 3, 12, tzinfo=UTC), question="why?")
    return history


def test_the_newest_are_listed_with_what_is_asked_for_alone(filled: History) -> None:
    newest = list_results(filled, most=2)
    assert [each.night for each in newest.results] == [night(11), night(9)]
    assert newest.results[0].words == "unavailable: the sensor said nothing"
    assert newest.has_more
    few = list_results(filled, most=100, device="adb:R5CT30", quantity="latency_p50", since=date(2026, 1, 6))
    assert [(each.night, each.attempt) for each in few.results] == [
        (night(11), 1),
        (night(9), 1),
        (night(8), 1),
        (night(7), 1),
        (night(6), 1),
        (night(5), 2),
        (night(5), 1),
    ]
    assert not few.has_more
    with pytest.raises(UserError, match="no candidate"):
        list_results(filled, most=1, candidate="none")


def test_a_series_has_its_marks_in_order(filled: History) -> None:
    filled.keep_runs([run_row(12, os_build="Android 15", design="e" * 16)])
    [series] = shown_series(filled, Wanted("phones", None, "adb:R5CT30", "latency_p50")).series
    assert [mark.kind for mark in series.marks] == ["note", "change", "design", "environment"]
    assert series.marks[-1].text == "os: Android 14 → Android 15"
    assert series.marks[1].is_worse
    assert [each.attempt for each in series.results if each.night == night(5)] == [1, 2]


def test_the_journal_has_verdicts_that_turned(filled: History) -> None:
    journal = make_journal(filled, most=100)
    told = [(entry.kind, entry.day, entry.decision) for entry in journal.entries]
    assert told == [
        ("verdict", night(0), "ship"),
        ("note", "2026-01-03", None),
        ("verdict", night(4), "ship"),
        ("change", night(5), None),
        ("verdict", night(11), "undecided"),
    ]
    assert journal.entries[0].title == "phones: sr on adb:R5CT30, local"
    assert journal.entries[-1].details == ["it was ship before"]
    assert journal.open_question == "why?"


def test_retention_is_one_transaction(filled: History) -> None:
    look = prune_history(filled, date(2026, 1, 9), do_it=False)
    done = prune_history(filled, date(2026, 1, 9), do_it=True)
    assert (look.runs, look.results, look.nights, look.kept) == (done.runs, done.results, done.nights, done.kept)
    assert done.runs > 0
    assert prune_history(filled, date(2026, 1, 9), do_it=True).runs == 0
    [series] = filled.series("phones", device="local", quantity="latency_p50")
    assert [point.night for point in series.points] == [night(0), night(1), night(8), night(9)]


def test_everything_is_exported(filled: History, tmp_path: Path) -> None:
    stream = io.BytesIO()
    count = csv_of(filled, Wanted(), stream)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue().decode())))
    assert count == len(rows) == 22 * 3 + 1
    assert rows[-1]["unavailable"] == "the sensor said nothing"
    assert rows[-1]["estimate"] == ""
    assert export_results(filled, Wanted(suite="phones", since=night(9)), "parquet", tmp_path / "a.parquet") == 7
    assert pd.read_parquet(tmp_path / "a.parquet").estimate.isna().sum() == 1


def test_runs_of_another_computer_are_not_looked_at(filled: History) -> None:
    check = check_history(filled)
    assert (check.checked, check.elsewhere, check.faults) == (0, 23, [])


def test_the_last_question_is_found_without_opening_the_history(filled: History, url: str) -> None:
    assert open_question._ask(url) == ("why?",)
    filled.add_note("because", written_at=datetime(2026, 1, 4, tzinfo=UTC))
    assert open_question.last_question(url) is None


@pytest.mark.parametrize(
    ("said", "day"), [("2026-11-30", date(2026, 11, 30)), ("30d", date(2026, 10, 31)), ("1y", date(2025, 11, 30))]
)
def test_a_day_can_be_said_in_two_ways(said: str, day: date) -> None:
    assert since_day(said, today=date(2026, 11, 30)) == day
