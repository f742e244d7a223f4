"""What is kept comes back, once, in both kinds of database."""

from __future__ import annotations

import dataclasses
import math
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from harness.documents.nightly import SeriesName, SeriesPoint, SeriesTonight
from harness.history.rows import Environment, RunRow, Series
from harness.history.store import History, open_history
from harness.quantity import Available
from tests.harness.history.sample_rows import change, commit, night, nightly, result, run_row


def count(history: History, table: str) -> int:
    return int(history.read(lambda connection: connection.execute(text(f"select count(*) from {table}")).scalar_one()))


def series_of(history: History, quantity: str = "latency_p50") -> Series:
    [series] = history.series("phones", quantity=quantity)
    return series


def test_a_series_comes_back_in_order_of_nights_and_attempts(history: History) -> None:
    rows = [run_row(3), run_row(1), run_row(2, attempt=2, ratio=0.8), run_row(2)]
    assert history.keep_runs(rows) == 4
    series = series_of(history)
    assert (series.key.device, series.scale, series.unit, series.better) == ("adb:R5CT30", "ratio", "ns", "lower")
    assert [(point.night, point.attempt) for point in series.points] == [
        (night(1), 1),
        (night(2), 1),
        (night(2), 2),
        (night(3), 1),
    ]
    assert series.points[0].effect == math.log(rows[1].results[0].estimate or 0)
    # Half of the interval is 0.01 on the logarithm; Student's t of 9 degrees of freedom at 97.5 % is 2.2622.
    assert series.points[0].standard_error == pytest.approx(0.01 / 2.26216, rel=1e-4)
    assert series.points[0].commits == (commit(2),)
    assert series.points[0].measured_at == rows[1].measured_at
    assert series.environments == {rows[0].environment.fingerprint: rows[0].environment}


def test_a_difference_is_taken_as_it_is(history: History) -> None:
    row = run_row(1)
    history.keep_runs([row])
    assert series_of(history, "psnr_y").points[0].effect == row.results[2].estimate


def test_a_run_is_kept_once_however_often_it_is_given(history: History) -> None:
    rows = [run_row(1), run_row(1, device="local")]
    assert history.keep_runs([*rows, rows[0]]) == 2
    assert history.keep_runs([*rows, run_row(2)]) == 1
    assert count(history, "bakeoff_runs") == 3
    assert count(history, "bakeoff_results") == 9


def test_nothing_is_kept_of_a_call_that_fails(history: History) -> None:
    broken = dataclasses.replace(run_row(2), measured_at=datetime(2026, 1, 3))
    with pytest.raises(Exception, match="time zone"):
        history.keep_runs([run_row(1), broken])
    assert count(history, "bakeoff_runs") == 0
    assert count(history, "bakeoff_environments") == 0


def test_a_run_can_be_replaced(history: History) -> None:
    history.keep_runs([run_row(1, ratio=0.9), run_row(2)])
    assert history.replace_runs([run_row(1, ratio=0.5)]) == 1
    assert math.exp(series_of(history).points[0].effect) == pytest.approx(0.5, rel=0.01)
    assert count(history, "bakeoff_results") == 6


def test_what_is_unavailable_is_no_point_and_keeps_its_reason(history: History) -> None:
    row = run_row(1)
    silent = dataclasses.replace(row, results=(result(row.results[0].key, None), *row.results[1:]))
    history.keep_runs([silent])
    assert history.series("phones", quantity="latency_p50") == []
    reason = history.read(
        lambda connection: connection.execute(
            text("select unavailable from bakeoff_result_rows where quantity = 'latency_p50'")
        ).scalar_one()
    )
    assert reason == "the sensor said nothing"


@pytest.mark.parametrize("number", [math.nan, math.inf, -1.0, 0.0])
def test_a_number_that_is_no_ratio_breaks_nothing(history: History, number: float) -> None:
    row = run_row(1)
    odd = dataclasses.replace(
        row.results[0], estimate=number, baseline=Available(value=math.nan, unit="ns", source="measured")
    )
    history.keep_runs([dataclasses.replace(row, results=(odd, *row.results[1:]))])
    assert history.series("phones", quantity="latency_p50") == []
    assert len(history.series("phones")) == 2


def test_series_can_be_asked_for_by_what_they_are_of(history: History) -> None:
    history.keep_runs(
        [
            run_row(1),
            run_row(2, experiment="other", design="e" * 16),
            run_row(3, suite="boards", device="local"),
            run_row(4, suite="", run_id="by-hand"),
        ]
    )
    assert len(history.series(None)) == 12
    assert {series.key.experiment for series in history.series("phones", experiment="other")} == {"other"}
    assert {series.key.device for series in history.series(None, device="local")} == {"local"}
    assert {series.points[0].design for series in history.series("phones")} == {"d" * 16, "e" * 16}
    assert history.series("phones", experiment="none") == []


def test_the_last_nights_are_those_of_the_suite(history: History) -> None:
    history.keep_runs([*(run_row(number) for number in (1, 2, 3, 7)), run_row(50, suite="boards")])
    [series] = history.series("phones", quantity="latency_p50", last_nights=2)
    assert [point.night for point in series.points] == [night(3), night(7)]


def test_environments_are_told_apart(history: History) -> None:
    history.keep_runs([run_row(1), run_row(2, os_build="Android 15"), run_row(3, os_build="Android 15")])
    series = series_of(history)
    facts = [series.environments[point.environment].facts["os"] for point in series.points]
    assert facts == ["Android 14", "Android 15", "Android 15"]
    assert Environment({"b": "2", "a": "1"}).fingerprint == Environment({"a": "1", "b": "2"}).fingerprint


def test_any_text_can_be_kept(history: History) -> None:
    name = "z\0ero \ud800 half 'quoted\" %s :x \N{SNOWMAN} <b>"
    odd = run_row(1, device=name, experiment=name, suite=name)
    assert history.keep_runs([odd]) == 1
    [series] = history.series(None, quantity="latency_p50")
    assert series.key.device == "z\ufffdero ? half 'quoted\" %s :x \N{SNOWMAN} <b>"
    assert history.keep_runs([run_row(2, device=name, experiment=name, suite=name)]) == 1
    assert len(history.series(None, quantity="latency_p50")[0].points) == 2


def test_a_night_is_kept_once_for_each_host(history: History) -> None:
    history.keep_night(nightly(1))
    history.keep_night(nightly(1, changes=(change(1),)))
    history.keep_night(nightly(2))
    history.keep_night(nightly(2, host="attic"))
    told = history.night("phones", night(1))
    assert told is not None
    assert told.outcome == "regression"
    assert history.night("phones", night(2), host="attic") == nightly(2, host="attic")
    assert history.night("phones", night(9)) is None
    assert [(each.night, each.host) for each in history.nights("phones", most=2)] == [
        (night(2), "desk"),
        (night(2), "attic"),
    ] or {each.host for each in history.nights("phones", most=2)} == {"desk", "attic"}
    assert history.nights("boards") == []


def test_of_a_nights_series_the_last_point_is_kept(history: History) -> None:
    name = SeriesName(experiment="sr", device="local", candidate="newest", quantity="latency_p50")
    points = [SeriesPoint(night=night(number), effect=0.9, low=0.8, high=1.0) for number in range(90)]
    series = SeriesTonight(
        name=name, label="Latency", scale="ratio", unit="", better="lower", points=points, words="10 % faster"
    )
    history.keep_night(nightly(1).model_copy(update={"series": [series]}))
    told = history.night("phones", night(1))
    assert told is not None
    assert told.series == [series.model_copy(update={"points": points[-1:]})]


def test_a_change_is_known_by_its_id(history: History) -> None:
    history.keep_changes("phones", [change(5)])
    [(suite, told_at, _)] = history.changes_told("phones")
    history.keep_changes(
        "phones", [change(5).model_copy(update={"kind": "gone again", "is_new": False}), change(2, identity="f" * 16)]
    )
    assert [known.kind for known in history.changes("phones")] == ["regression", "gone again"]
    assert (suite, told_at) == ("phones", history.changes_told("phones")[1][1])
    assert history.changes("boards") == []
    assert len(history.changes(None)) == 2


def test_a_device_is_kept_out_and_let_back(history: History) -> None:
    since = datetime(2026, 1, 2, 3, tzinfo=UTC)
    history.set_quarantine("local", since, "it failed three times", 3)
    history.set_quarantine("local", since, "it failed four times", 4)
    kept_out = history.quarantine("local")
    assert kept_out is not None
    assert (kept_out.reason, kept_out.failures, kept_out.since) == ("it failed four times", 4, since)
    assert [each.device for each in history.quarantines()] == ["local"]
    history.release("local")
    history.release("local")
    assert history.quarantine("local") is None


def test_the_local_device_of_another_computer_is_another_one(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    since = datetime(2026, 1, 2, 3, tzinfo=UTC)
    history.set_quarantine("local", since, "here", 3)
    history.set_quarantine("adb:1", since, "anywhere", 3)
    is_shared = history.url.startswith("postgresql")
    monkeypatch.setattr("socket.gethostname", lambda: "attic")
    there = history.quarantine("local")
    assert (there is None) == is_shared
    assert history.quarantine("adb:1") is not None
    if is_shared:
        assert [each.device.startswith("local of ") for each in history.quarantines()] == [False, True]
        history.release("local")
        monkeypatch.undo()
        assert [each.device for each in history.quarantines()] == ["adb:1", "local"]


def test_notes_come_back_in_order_of_time(history: History) -> None:
    then = datetime(2026, 1, 2, 3, tzinfo=UTC)
    history.add_note("second", written_at=then + timedelta(days=1), factor="threads", question="and 4?")
    history.add_note("first", written_at=then, run_id="r1", experiment="sr", author="Ada")
    history.add_note("third", written_at=then + timedelta(days=2))
    assert [note.text for note in history.notes()] == ["first", "second", "third"]
    assert [note.text for note in history.notes(most=2)] == ["second", "third"]
    assert [note.text for note in history.notes(since=then + timedelta(hours=1))] == ["second", "third"]
    [first] = history.notes(run_id="r1")
    assert (first.author, first.experiment, first.factor, first.question) == ("Ada", "sr", None, None)


def test_several_hosts_write_at_once(url: str) -> None:
    """Each has its own runs, and all of them have one in common."""
    faults: list[BaseException] = []
    kept: list[int] = []

    def host(number: int) -> None:
        try:
            with open_history(url) as history:
                mine: list[RunRow] = [run_row(day, device=f"ssh://pi@bench-{number}") for day in range(5)]
                for row in mine:
                    kept.append(history.keep_runs([row, run_row(0, device="shared")]))
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=host, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sum(kept) == 4 * 5 + 1
    with open_history(url) as history:
        assert count(history, "bakeoff_runs") == 21
        assert count(history, "bakeoff_results") == 63
        assert count(history, "bakeoff_environments") == 1
