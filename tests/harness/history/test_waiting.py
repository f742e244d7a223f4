"""What the database does not take now waits in files and loses nothing."""

from __future__ import annotations

import dataclasses
import math
import sqlite3
from pathlib import Path

import psycopg
import pytest

from harness.errors import UserError
from harness.history import waiting as waiting_files
from harness.history.faults import HistoryOutOfReachError
from harness.history.rows import RunRow
from harness.history.store import open_history
from harness.history.waiting import Waiting, keep_or_wait
from tests.harness.history.sample_rows import change, night, nightly, run_row
from tests.rig.postgresql import PostgreSQLServer
from tests.rig.small_disk import small_disk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "waiting"


def nights_of(url: str) -> list[str]:
    with open_history(url) as history:
        return [point.night for point in history.series("phones", quantity="latency_p50")[0].points]


def test_rows_go_into_the_database_where_it_is_there(url: str, folder: Path) -> None:
    kept = keep_or_wait(url, [run_row(1)], nightly=nightly(1), changes=("phones", [change(1)]), folder=folder)
    assert (kept.in_history, kept.waiting, kept.reason) == (True, 0, None)
    assert list(folder.iterdir()) == []
    with open_history(url) as history:
        assert history.night("phones", night(1)) == nightly(1)
        assert history.changes("phones") == [change(1)]


def test_a_locked_database_keeps_the_nights_rows_for_later(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    keep_or_wait(url, [run_row(1)], folder=folder)
    monkeypatch.setattr(
        "harness.history.store.open_history", lambda where: open_history(where, busy_s=0.05), raising=True
    )
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("begin immediate")
    kept = keep_or_wait(url, [run_row(2)], nightly=nightly(2), folder=folder)
    assert (kept.in_history, kept.waiting) == (False, 2)
    assert kept.reason is not None
    assert "locked by another program" in kept.reason
    again = keep_or_wait(url, [run_row(2), run_row(3)], nightly=nightly(2), folder=folder)
    assert again.waiting == 3
    other.execute("rollback")
    other.close()
    assert keep_or_wait(url, [run_row(4)], folder=folder).in_history
    assert nights_of(url) == [night(1), night(2), night(3), night(4)]


def test_a_locked_table_of_a_server_keeps_the_nights_rows_for_later(
    postgresql: PostgreSQLServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server by itself waits without end for whoever holds a table."""
    url = postgresql.new_database()
    keep_or_wait(url, [run_row(1)], folder=folder)
    monkeypatch.setattr(
        "harness.history.store.open_history", lambda where: open_history(where, busy_s=0.05), raising=True
    )
    with psycopg.connect(url) as other:
        other.execute("lock table bakeoff_runs in access exclusive mode")
        kept = keep_or_wait(url, [run_row(2)], folder=folder)
        assert (kept.in_history, kept.waiting) == (False, 1)
        assert kept.reason is not None
        assert "locked by another program" in kept.reason
    assert keep_or_wait(url, [run_row(3)], folder=folder).in_history
    assert nights_of(url) == [night(1), night(2), night(3)]


def test_a_server_that_is_gone_keeps_the_nights_rows_for_later(own_postgresql: PostgreSQLServer, folder: Path) -> None:
    url = own_postgresql.new_database()
    assert keep_or_wait(url, [run_row(1)], folder=folder).in_history
    with open_history(url) as history:
        own_postgresql.stop()
        with pytest.raises(HistoryOutOfReachError):
            history.keep_runs([run_row(2)])
        kept = keep_or_wait(url, [run_row(2)], folder=folder)
        assert (kept.in_history, kept.waiting) == (False, 1)
        assert "nothing listens there" in str(kept.reason)
        own_postgresql.start()
        # Whoever had it open goes on.
        assert history.keep_runs([run_row(3)]) == 1
    assert keep_or_wait(url, folder=folder).in_history
    assert nights_of(url) == [night(1), night(2), night(3)]


def test_a_password_that_is_wrong_loses_nothing(postgresql: PostgreSQLServer, folder: Path) -> None:
    url = postgresql.new_database().replace("tester@", "locked:sesame@")
    kept = keep_or_wait(url, [run_row(1)], folder=folder)
    assert kept.waiting == 1
    assert "password" in str(kept.reason)
    assert "sesame" not in str(kept.reason)


def test_what_was_imported_and_not_removed_changes_nothing(tmp_path: Path, folder: Path) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    rows = Waiting(folder)
    rows.put_runs([run_row(1)])
    [file] = rows.files()
    content = file.read_bytes()
    with open_history(url) as history:
        assert rows.bring_in(history).runs == 1
        file.write_bytes(content)
        came = rows.bring_in(history)
    assert (came.files, came.runs) == (1, 0)
    assert nights_of(url) == [night(1)]


def test_a_file_that_cannot_be_understood_is_put_aside_and_keeps_no_other_out(tmp_path: Path, folder: Path) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    folder.mkdir()
    (folder / "runs-broken-0.json").write_text('[{"run_id": ')
    (folder / "night-huge-0.json").write_text("[" * 5000)
    naive = dataclasses.replace(run_row(5), measured_at=run_row(5).measured_at.replace(tzinfo=None))
    Waiting(folder).put_runs([naive])
    kept = keep_or_wait(url, [run_row(1)], folder=folder)
    assert kept.in_history
    assert len(kept.broken) == 3
    assert nights_of(url) == [night(1)]
    assert {path.suffix for path in folder.iterdir()} == {".broken"}


def test_rows_come_back_from_files_as_they_were(folder: Path) -> None:
    row = run_row(1, device='"odd" \N{SNOWMAN} <b>')
    infinite = dataclasses.replace(row.results[0], estimate=math.inf)
    row = dataclasses.replace(row, results=(infinite, *row.results[1:]))
    rows = Waiting(folder)
    rows.put_runs([row])
    assert waiting_files._RUNS.validate_json(rows.files()[0].read_bytes()) == [row]


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with small_disk(tmp_path / "full", 65_536) as full:
        (full / "filler").write_bytes(b"x" * 65_536)
        with pytest.raises(UserError, match="No space left"):
            keep_or_wait(f"sqlite:///{tmp_path}/history.db", [run_row(1)], folder=full / "waiting")
        with pytest.raises(HistoryOutOfReachError, match=r"disk is full|cannot be opened|disk I/O"):
            open_history(f"sqlite:///{full}/history.db")


def test_what_waits_for_one_suites_history_does_not_come_into_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_HISTORY_WAITING", str(tmp_path / "waiting"))
    gone = "postgresql://tester@127.0.0.1:1/gone"
    assert keep_or_wait(gone, [run_row(1)], nightly=nightly(1)).waiting == 2
    other = f"sqlite:///{tmp_path}/boards.db"
    assert keep_or_wait(other, [run_row(1, suite="boards")], nightly=nightly(1, suite="boards")).in_history
    with open_history(other) as history:
        assert {series.key.suite for series in history.series(None)} == {"boards"}
    assert len(Waiting().files()) == 2
    # An address that was mended: the suite's rows come into where it is now.
    assert keep_or_wait(f"sqlite:///{tmp_path}/phones.db", [run_row(2)]).in_history
    assert nights_of(f"sqlite:///{tmp_path}/phones.db") == [night(1), night(2)]
    assert Waiting().files() == []


def test_rows_of_several_devices_wait_in_one_file(folder: Path) -> None:
    rows: list[RunRow] = [run_row(1, device=f"adb:{number}") for number in range(3)]
    waiting = Waiting(folder)
    waiting.put_runs(rows)
    waiting.put_runs(rows)
    assert len(waiting.files()) == 1
    waiting.put_runs([])
    assert len(waiting.files()) == 1
