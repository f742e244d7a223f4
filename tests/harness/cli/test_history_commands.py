"""`bakeoff history`, `note` and `journal` as their users type them."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import shutil
import socket
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from harness.cli.main import main
from harness.documents.schemas import json_schema
from harness.history.open_question import last_question
from harness.history.store import open_history
from harness.history.waiting import keep_or_wait
from tests.harness.history.sample_rows import change, night, nightly, run_row

SAVED = Path(__file__).parents[1] / "documents" / "saved" / "run"
HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> [x](http://e) @all \x1b[31m\u202e"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's history, which is not there yet."""
    file = tmp_path / "own" / "history.db"
    monkeypatch.setenv("BAKEOFF_HISTORY", str(file))
    monkeypatch.setenv("COLUMNS", "80")
    return file


@pytest.fixture
def run(file: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """A command in this process: exit code, stdout, stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capfd.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def filled(file: Path) -> Path:
    """Twelve nights of a suite on two devices, a change on the sixth, a note on the seventh; one run by hand."""
    rows = []
    for number in range(12):
        for device in ("adb:R5CT30", HOSTILE):
            row = run_row(number, device=device, ratio=0.9 if number < 5 else 0.95)
            decision = "ship" if number < 5 else "hold"
            rows.append(dataclasses.replace(row, decision=decision, sentence=f"{decision.title()} newest."))
    rows.append(run_row(3, suite="", device="local", run_id="by-hand"))
    with open_history(str(file)) as history:
        history.keep_runs(rows)
        history.keep_changes(
            "phones", [change(5), change(8, identity="e" * 16).model_copy(update={"confirmation": "suspected"})]
        )
        for number in (1, 5, 9):
            history.keep_night(nightly(number))
        history.add_note(
            f"pruned the tail {HOSTILE}",
            run_id=rows[12].run_id,
            experiment="sr",
            factor="model",
            question="does it hold\non the Pi?",
            written_at=datetime(2026, 1, 7, 12, tzinfo=UTC),
            author="Ada",
        )
    return file


def test_results_are_listed_the_newest_first(run: Run, filled: Path) -> None:
    code, out, _ = run("history", "list", "--quantity", "latency_p50", "-d", "adb:R5CT30", "--most", 3)
    assert code == 0
    assert re.findall(r"^20\S+", out, re.MULTILINE) == [night(11), night(10), night(9)]
    assert "hold" in out
    assert "% faster" in out
    assert "There are more" in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80
    code, out, _ = run("history", "list", "--json", "--most", 100, "--suite", "phones", "--since", night(10))
    document = json.loads(out)
    jsonschema.validate(document, json_schema("history-list"))
    assert [each["night"] for each in document["results"]] == [night(11)] * 6 + [night(10)] * 6
    assert document["has_more"] is False


def test_what_a_stranger_wrote_moves_no_cursor(run: Run, filled: Path) -> None:
    for arguments in (("list",), ("show",), ("show", "--device", HOSTILE, "--quantity", "latency_p50"), ("export",)):
        _, out, err = run("history", *arguments)
        assert "\x1b" not in out + err
        assert "\u202e" not in out + err
    _, out, _ = run("journal")
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_a_series_is_shown_with_what_happened_to_it(run: Run, filled: Path) -> None:
    _, out, err = run("history", "show", "--suite", "phones")
    assert len(out.splitlines()) == 6
    assert "6 series fit" in err
    code, out, _ = run("history", "show", "--quantity", "latency_p50", "-d", "adb:R5CT30")
    assert code == 0
    lines = out.splitlines()
    assert "Latency, median of newest" in lines[0]
    changed = next(at for at, line in enumerate(lines) if "changed: confirmed" in line)
    assert night(5) in lines[changed]
    assert any("note: pruned the tail" in line for line in lines)
    assert "commit 0000000 “prune the tail”" in " ".join(out.split())
    assert max(len(line.rstrip()) for line in lines) <= 80
    _, out, _ = run("history", "show", "--quantity", "latency_p50", "-d", "adb:R5CT30", "--json")
    document = json.loads(out)
    jsonschema.validate(document, json_schema("history-series"))
    assert [mark["kind"] for mark in document["series"][0]["marks"]] == ["change", "note", "change"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "--quantity", "latency"), "there is no quantity 'latency'\n  Did you mean "),
        (("list", "--quantity", "average_power"), "the history has no quantity 'average_power'\n"),
        (("show", "--device", "adb:R5CT3"), "the history has no device 'adb:R5CT3'\n  Did you mean adb:R5CT30?"),
        (("list", "--suite", "zzz"), "the history has no suite 'zzz'\n  There are phones."),
        (("list", "--since", "yesterday"), "'yesterday' is no day\n"),
        (("list", "--since", "99999y"), "'99999y' is no day\n"),
        (("plot", "--out", "a.gif"), "a.gif: a plot is written as .html, .png or .svg\n"),
        (("export", "--out", "a.xlsx"), "a.xlsx: results are written as .csv or .parquet\n"),
        (("import", "/none"), "/none: is no folder\n"),
        (("prune", "--before", "soon"), "'soon' is no day\n"),
        (("list", "--history", "mysql://a:b@c/d"), "a history is kept in SQLite or PostgreSQL, and not in mysql\n"),
    ],
)
def test_what_cannot_be_is_said_in_two_lines(run: Run, filled: Path, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run("history", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert 1 <= len(err.splitlines()) <= 2


def test_a_history_that_is_not_there_is_said(run: Run, file: Path) -> None:
    for arguments in (("history", "list"), ("history", "check"), ("journal",)):
        code, _, err = run(*arguments)
        assert code == 2
        assert "there is no history" in err
    assert not file.parent.exists()


def test_results_are_exported(run: Run, filled: Path, tmp_path: Path) -> None:
    code, out, _ = run("history", "export", "--suite", "phones")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert len(rows) == 12 * 2 * 3
    assert {row["quantity"] for row in rows} == {"latency_p50", "load_time", "psnr_y"}
    # A spreadsheet would run it.
    assert {row["device"][:5] for row in rows} == {"adb:R", "'=cmd"}
    assert run("history", "export", "--out", tmp_path / "a.csv")[0] == 0
    assert run("history", "export", "--out", tmp_path / "a.parquet", "--quantity", "psnr_y")[0] == 0
    assert len(pd.read_csv(tmp_path / "a.csv")) == 75
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert len(frame) == 25
    assert str(frame.measured_at.dtype).startswith("datetime64")
    assert frame.measured_at.is_monotonic_increasing
    assert {"a.csv", "a.parquet"} <= {path.name for path in tmp_path.iterdir()}
    assert not list(tmp_path.glob(".part-*"))


def test_series_are_drawn(run: Run, filled: Path, tmp_path: Path) -> None:
    for name, magic in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.html", b"<!DOCTYPE html>")):
        code, _, err = run("history", "plot", "--quantity", "latency_p50", "--out", tmp_path / name)
        assert (code, err) == (0, "")
        assert (tmp_path / name).read_bytes().lstrip().startswith(magic)
    assert run("history", "plot", "--since", "2027-01-01", "--out", tmp_path / "none.png")[0] == 2
    assert not (tmp_path / "none.png").exists()


def test_runs_are_imported_and_a_broken_one_is_reported(run: Run, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(SAVED, runs / "whole")
    shutil.copytree(SAVED, runs / "broken")
    (runs / "broken" / "comparison.json").write_text("{")
    code, out, err = run("history", "import", runs)
    assert (code, out) == (3, "")
    assert re.search(r"left out .*broken: .*is cut short", err)
    assert "1 run taken in, 0 known before" in err
    shutil.rmtree(runs / "broken")
    code, _, err = run("history", "import", runs)
    assert code == 0
    assert "0 runs taken in, 1 known before" in err
    code, out, err = run("history", "import", runs, "--again", "--json")
    document = json.loads(out)
    jsonschema.validate(document, json_schema("history-import"))
    assert (code, err, document["runs"], document["known"], document["skipped"]) == (0, "", 1, 0, {})


@pytest.mark.parametrize(
    "damage",
    [
        "update bakeoff_results set estimate = 'abc'",
        "update bakeoff_results set measured_at = 'soon'",
        "update bakeoff_results set low = x'00ff'",
        "update bakeoff_runs set commits = '{'",
        "update bakeoff_runs set night = x'00ff', decision = 7",
        "update bakeoff_runs set measured_at = 12",
        "update bakeoff_series set scale = 'loud', better = 3, quantity = quantity || '!'",
        "update bakeoff_environments set facts = '[1]'",
        "update bakeoff_changes set document = '{}'",
        "update bakeoff_notes set written_at = 'then', text = x'00'",
        "delete from bakeoff_series",
        "drop table bakeoff_notes",
    ],
)
def test_a_history_that_somebody_changed_by_hand_is_no_traceback(
    run: Run, filled: Path, tmp_path: Path, damage: str
) -> None:
    with sqlite3.connect(filled) as connection:
        connection.execute(damage)
    connection.close()
    for arguments in (
        ("history", "list"),
        ("history", "show", "-d", "adb:R5CT30", "--candidate", "newest", "--json"),
        ("history", "plot", "-d", "adb:R5CT30", "--out", tmp_path / "a.svg"),
        ("history", "export", "--out", tmp_path / "a.parquet"),
        ("history", "prune", "--before", "2026-01-05"),
        ("history", "check"),
        ("journal",),
    ):
        code, _, err = run(*arguments)
        assert code in {0, 2}, (arguments, err)
        assert len(err.splitlines()) <= 2


def test_what_waits_is_taken_in(run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_HISTORY_WAITING", str(tmp_path / "waiting"))
    keep_or_wait("postgresql://tester@127.0.0.1:1/gone", [run_row(1)], nightly=nightly(1))
    code, _, err = run("history", "import")
    assert code == 0
    assert "1 run and 1 night taken in" in err
    assert run("history", "list", "--suite", "phones")[0] == 0


def test_rows_whose_run_is_gone_or_says_something_else_are_found(run: Run, tmp_path: Path, file: Path) -> None:
    runs = tmp_path / "runs"
    for name in ("same", "gone", "differs", "cut"):
        shutil.copytree(SAVED, runs / name)
        for document in ("run.json", "comparison.json"):
            text = (runs / name / document).read_text().replace("20261130-002913-09153a", name)
            (runs / name / document).write_text(text)
    assert run("history", "import", runs)[0] == 0
    code, out, _ = run("history", "check")
    assert code == 0
    assert "4 runs of this computer looked at: all are there" in out
    shutil.rmtree(runs / "gone")
    (runs / "cut" / "comparison.json").write_text("")
    comparison = json.loads((runs / "differs" / "comparison.json").read_text())
    comparison["devices"][0]["contrasts"][0]["effect"]["estimate"] = 0.5
    (runs / "differs" / "comparison.json").write_text(json.dumps(comparison))
    with open_history(str(file)) as history:
        history.keep_runs([dataclasses.replace(run_row(1), host="attic")])
    code, out, _ = run("history", "check", "--json")
    assert code == 3
    document = json.loads(out)
    jsonschema.validate(document, json_schema("history-check"))
    assert {fault["run_id"]: fault["kind"] for fault in document["faults"]} == {
        "gone": "gone",
        "cut": "unreadable",
        "differs": "differs",
    }
    assert (document["checked"], document["elsewhere"], document["host"]) == (4, 1, socket.gethostname())
    _, out, _ = run("history", "check")
    assert "latency_p50 of int8" in out
    assert run("history", "import", runs, "--again")[0] == 3
    code, out, _ = run("history", "check", "--json")
    assert "differs" not in {fault["kind"] for fault in json.loads(out)["faults"]}


def test_retention_keeps_what_was_told(run: Run, filled: Path) -> None:
    code, out, _ = run("history", "prune", "--before", night(11))
    assert code == 0
    assert "Would take out" in out
    assert "Nothing was changed" in out
    code, out, _ = run("history", "prune", "--before", night(11), "--json")
    before = json.loads(out)
    jsonschema.validate(before, json_schema("history-prune"))
    code, out, _ = run("history", "prune", "--before", night(11), "--yes", "--json")
    done = json.loads(out)
    assert {**before, "is_done": True} == done
    with open_history(str(filled)) as history:
        [series] = history.series("phones", quantity="latency_p50", device="adb:R5CT30")
        # Night 0: the first verdict. 4 and 5, 7 and 8: the last good and the first bad one of a change. 6: a note.
        # 11: the newest, and not old.
        assert [point.night for point in series.points] == [night(number) for number in (0, 4, 5, 6, 7, 8, 11)]
        assert len(history.series("", quantity="latency_p50")) == 1
        assert [each.night for each in history.nights("phones")] == [night(5)]
        assert len(history.changes("phones")) == 2
        assert len(history.notes()) == 1
    assert run("history", "prune", "--before", night(11), "--yes")[0] == 0
    with sqlite3.connect(filled) as connection:
        orphans = "select count(*) from bakeoff_results where run not in (select id from bakeoff_runs)"
        assert connection.execute(orphans).fetchone() == (0,)


def test_the_journal_is_one_readable_log(run: Run, filled: Path, tmp_path: Path) -> None:
    code, out, _ = run("journal")
    assert code == 0
    assert re.findall(r"^## (\S+)", out, re.MULTILINE) == [night(0), night(3), night(5), night(6)]
    assert out.count("**SHIP**") == 2
    assert out.count("**HOLD**") == 1
    assert out.count("**WORSE**") == 1
    assert "suspected" not in out
    assert "changed: model" in out
    assert "**Open question:** does it hold on the Pi?" in out
    assert "<script>" not in out
    assert re.search(r"(?<!\\)\]\(", out) is None
    assert run("journal", "--out", tmp_path / "journal.md")[0] == 0
    assert (tmp_path / "journal.md").read_text() == out
    assert run("journal", "--out", tmp_path / "journal.html")[0] == 0
    page = (tmp_path / "journal.html").read_text()
    assert "default-src 'none'" in page
    assert "<script" not in page
    code, out, _ = run("journal", "--json", "--most", 2)
    document = json.loads(out)
    jsonschema.validate(document, json_schema("journal"))
    assert [entry["kind"] for entry in document["entries"]] == ["change", "note"]
    assert document["left_out"] == 3
    _, out, _ = run("journal", "--since", night(6))
    assert re.findall(r"^## (\S+)", out, re.MULTILINE) == [night(6)]


def test_a_note_is_bound_to_a_run_and_to_what_it_changed(run: Run, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(SAVED, folder)
    assert run("note", "an idea")[0] == 0
    code, _, err = run("note", folder, "int8 with per-channel scales", "--factor", "model", "--question", "and uint8?")
    assert code == 0
    assert "about run 20261130-002913-09153a" in err
    assert run("note", "20261130-002913-09153a", "again")[0] == 0
    with open_history(str(file)) as history:
        notes = history.notes()
        assert [(note.text, note.run_id is None, note.factor) for note in notes] == [
            ("an idea", True, None),
            ("int8 with per-channel scales", False, "model"),
            ("again", False, None),
        ]
        assert notes[1].experiment == "Saved"
        # The note's run came in with it.
        assert len(history.series("", quantity="latency_p50")) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((" ",), "a note needs some words"),
        (("RUN",), "what is to be noted of it?"),
        (("x" * 20_001,), "more than 20,000 characters"),
        (("RUN", "text", "--factor", "threads"), "'threads' is not what the run changed\n  It changed model."),
        (("text", "--factor", "model"), "--factor binds a note"),
        (("no-such-run", "text"), "is neither a run's folder nor a run of the history"),
        (("text", "--question", ""), "a question needs some words"),
    ],
)
def test_a_note_that_cannot_be_is_said(run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    shutil.copytree(SAVED, tmp_path / "run")
    code, _, err = run("note", *(str(tmp_path / "run") if each == "RUN" else each for each in arguments))
    assert code == 2
    assert said in err
    assert len(err.splitlines()) <= 2


def test_the_last_notes_question_is_offered(run: Run, file: Path, tmp_path: Path) -> None:
    assert last_question() is None
    assert not file.parent.exists()
    run("note", "first", "--question", "does it\n hold \x1b[31m?")
    assert last_question() == "does it hold \x1b[31m?"
    code, _, err = run("run", tmp_path / "none.toml")
    assert code == 2
    assert "bakeoff: your last note asks: does it hold" in err
    assert "\x1b" not in err
    _, _, err = run("run", tmp_path / "none.toml", "--json")
    assert "asks" not in err
    # A later note without a question closes it.
    run("note", "it does")
    assert last_question() is None


@pytest.mark.parametrize(
    "url", ["mysql://a@b/c", "postgresql://a@127.0.0.1:1/b", "/dev/null", "/proc/1/mem", "sqlite:////etc/passwd", "\0"]
)
def test_a_history_that_is_wrong_breaks_no_run(url: str) -> None:
    assert last_question(url) is None


def test_a_locked_history_holds_up_no_run(run: Run, file: Path) -> None:
    run("note", "first", "--question", "still there?")
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("begin exclusive")
        assert last_question() in {None, "still there?"}
        other.execute("rollback")
