"""A night is killed, started twice, cut off its disk, its database and its devices: nothing is lost, nothing is there
twice, and what broke is said.
"""

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.commands.nightly.night import Night
from harness.documents.nightly import Nightly
from harness.history.device_lease import device_lease
from harness.history.store import open_history
from harness.history.waiting import Waiting, keep_or_wait
from harness.nightly.state import JobOfNight, RunOfNight
from tests.rig.command import start
from tests.rig.held_runner import UNHURRIED, held_runner
from tests.rig.postgresql import own_postgresql, postgresql
from tests.rig.run_watch import blocks_in, wait_for
from tests.rig.small_disk import small_disk

NIGHT = "2026-11-30"
__all__ = ["own_postgresql", "postgresql"]
KILLS = int(os.environ.get("BAKEOFF_TEST_KILLS", "3"))
"""At how many random moments a night is killed: 50 by hand."""
LONGEST_S = float(os.environ.get("BAKEOFF_TEST_NIGHT_S", "10"))
"""How long a night of two measurements takes here, about."""


def document(suite) -> Nightly:
    return Nightly.model_validate_json(next((suite.folder / "nights").glob(f"*/{NIGHT}/nightly.json")).read_bytes())


def rows(suite) -> list[tuple[str, str, int]]:
    with open_history() as history:
        series = [each for each in history.series(suite.name) if each.key.quantity == "latency_p50"]
    return sorted((each.key.experiment, each.key.device, point.attempt) for each in series for point in each.points)


def runs(suite) -> list[str]:
    return sorted(each.name for each in next((suite.folder / "nights").glob(f"*/{NIGHT}/runs")).iterdir())


def test_a_night_that_is_killed_at_any_moment_goes_on_and_has_everything_once(suite, tmp_path):
    """A rule is broken, so that the night measures twice, and tells of it. Moments are drawn evenly over what that
    takes here; a night is killed once or twice.
    """
    suite.rules = [{"quantity": "psnr_y", "no_worse_than": "0.1 dB"}]
    moments = random.Random(12)
    for kill in range(KILLS):
        suite.name = f"suite-{kill}"
        path = suite.write()
        for _ in range(moments.randint(1, 2)):
            process = start("nightly", path, "--night", NIGHT, log=tmp_path / "log")
            try:
                process.wait(timeout=moments.uniform(0.0, LONGEST_S))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert main(["nightly", str(path), "--night", NIGHT]) == 1, kill
        assert rows(suite) == [("first", "local", 1), ("first", "local", 2)], kill
        night = suite.folder / "nights" / suite.name / NIGHT
        found = Nightly.model_validate_json((night / "nightly.json").read_bytes())
        assert [(job.status, job.measured_again) for job in found.jobs] == [("measured", True)], kill
        assert [(change.confirmation, change.is_new) for change in found.changes] == [("confirmed", True)], kill
        assert len(list((night / "runs").iterdir())) == 2, kill
        with open_history() as history:
            assert len(history.nights(suite.name)) == 1, kill
            assert len(history.changes(suite.name)) == 1, kill
    assert not Waiting().files()


def measuring(suite) -> Path:
    """The first run of the night, once its runner is at work."""
    found = suite.folder / "nights"
    wait_for(lambda: any(blocks_in(run) for run in found.glob(f"*/{NIGHT}/runs/*")))
    return next(run for run in found.glob(f"*/{NIGHT}/runs/*") if blocks_in(run))


def test_ctrl_c_ends_a_night_and_the_same_command_goes_on(suite, tmp_path):
    suite.measure = UNHURRIED | {"pairs": 60, "launches": 2}
    path = suite.write()
    log = tmp_path / "log"
    process = start("nightly", path, "--night", NIGHT, log=log)
    with held_runner(measuring(suite)):
        process.send_signal(signal.SIGINT)
        wait_for(lambda: "Ctrl-C again" in log.read_text())
    assert process.wait(timeout=240) == 130
    assert "the same command goes on" in log.read_text()
    assert not list((suite.folder / "nights").rglob("nightly.json"))
    (state,) = (suite.folder / "nights").rglob("night.json")
    assert '"begun"' in state.read_text()
    assert main(["nightly", str(path), "--night", NIGHT]) == 0
    assert runs(suite) == ["first-local-1"]
    assert document(suite).jobs[0].attempts == 2


def test_two_that_are_started_at_once_measure_once(suite, tmp_path):
    suite.measure = UNHURRIED | {"pairs": 20}
    path = suite.write()
    logs = tmp_path / "first", tmp_path / "second"
    first = start("nightly", path, "--night", NIGHT, log=logs[0])
    with held_runner(measuring(suite)):
        second = start("nightly", path, "--night", NIGHT, log=logs[1])
        wait_for(lambda: "another bakeoff is at work on this night; waiting for it" in logs[1].read_text())
    assert first.wait(timeout=240) == 0, logs[0].read_text()
    assert second.wait(timeout=240) == 0, logs[1].read_text()
    assert "This night was done before" in logs[1].read_text()
    assert rows(suite) == [("first", "local", 1)]


def test_two_suites_take_turns_on_a_device(suite, tmp_path):
    path = suite.write()
    other = suite.folder / "other.toml"
    other.write_text(path.read_text().replace("tiny suite", "other suite"))
    logs = tmp_path / "one", tmp_path / "other"
    started = [start("nightly", each, "--night", NIGHT, log=log) for each, log in zip((path, other), logs, strict=True)]
    assert [each.wait(timeout=240) for each in started] == [0, 0]
    spans = []
    for name in ("tiny-suite", "other-suite"):
        (folder,) = (suite.folder / "nights").glob(f"{name}-*/{NIGHT}/runs/*")
        records = folder / "devices/0-local/records.jsonl"
        spans.append((folder.stat().st_ctime_ns, records.stat().st_mtime_ns, (folder / "run.json").stat().st_mtime_ns))
    begun, ended = zip(*sorted((begin, end) for _, end, begin in spans), strict=True)
    assert ended[0] <= begun[1]


def test_results_of_a_night_without_its_database_wait_and_come_in_with_the_next(suite, monkeypatch, tmp_path):
    path = suite.write()
    kept = os.environ["BAKEOFF_HISTORY"]
    monkeypatch.setenv("BAKEOFF_HISTORY", "postgresql://nobody@127.0.0.1:1/nowhere")
    assert main(["nightly", str(path), "--night", NIGHT]) == 3
    found = document(suite)
    assert found.jobs[0].status == "measured"
    assert not found.history.kept
    assert found.history.waiting == 2  # the run, and the night
    assert "What changed is not known" in found.sentence
    assert any("the history cannot be had" in text for text in found.warnings)
    assert all(series.points[-1].night == NIGHT for series in found.series)
    monkeypatch.setenv("BAKEOFF_HISTORY", kept)
    assert main(["nightly", str(path), "--night", "2026-12-01"]) == 0
    assert len(rows(suite)) == 2
    assert not Waiting().files()
    with open_history() as history:
        assert [each.night for each in history.nights(suite.name)] == ["2026-12-01", NIGHT]


def test_a_database_that_is_gone_is_waited_for_once_and_not_for_every_run(suite, monkeypatch):
    """A server that does not answer costs ten seconds each time."""
    suite.experiments = ["first", "second", "third"]
    path = suite.write()
    asked = []

    def counted(*arguments, **more):
        asked.append(arguments)
        return keep_or_wait(*arguments, **more)

    monkeypatch.setattr("harness.commands.nightly.keep_results.keep_or_wait", counted)
    monkeypatch.setenv("BAKEOFF_HISTORY", "postgresql://nobody@127.0.0.1:1/nowhere")
    assert main(["nightly", str(path), "--night", NIGHT]) == 3
    assert document(suite).history.waiting == 4  # three runs, and the night
    assert len(asked) == 2  # once for the runs, once for the night
    assert len(Waiting().files()) == 4


def test_a_full_disk_is_said_and_the_night_goes_on_when_there_is_room(suite, tmp_path, capsys):
    path = suite.write()
    with small_disk(tmp_path / "disk", 300_000) as disk:
        (disk / "ballast").write_bytes(b"x" * 200_000)
        assert main(["nightly", str(path), "--night", NIGHT, "--out", str(disk)]) == 2
        assert "MB are free" in capsys.readouterr().out
        subprocess.run(["mount", "-o", "remount,size=200M", str(disk)], check=True)
        assert main(["nightly", str(path), "--night", NIGHT, "--out", str(disk), "--again"]) == 0
        assert rows(suite) == [("first", "local", 1)]


def test_a_disk_that_fills_on_the_way_ends_the_night_which_goes_on_when_there_is_room(suite, tmp_path, capsys):
    path = suite.write()
    with small_disk(tmp_path / "disk", 200_000_000) as disk:
        real = Night.new_run

        def and_fill(night: Night, job: JobOfNight) -> RunOfNight:
            run = real(night, job)
            subprocess.run(["mount", "-o", "remount,size=8k", str(disk)], check=True)
            return run

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Night, "new_run", and_fill)
            assert main(["nightly", str(path), "--night", NIGHT, "--out", str(disk)]) == 2
        assert "No space left on device" in capsys.readouterr().err
        subprocess.run(["mount", "-o", "remount,size=200M", str(disk)], check=True)
        assert main(["nightly", str(path), "--night", NIGHT, "--out", str(disk)]) == 0
        assert rows(suite) == [("first", "local", 1)]
        assert len(list(disk.glob(f"*/{NIGHT}/runs/*"))) == 1


@pytest.fixture
def postgresql_url(postgresql):
    """A database of the test's own."""
    return postgresql.new_database()


def test_a_device_is_one_computers_at_a_time_where_they_share_a_database(postgresql_url):
    """Two sessions of the database stand for two computers."""
    waits = []

    def not_any_longer(seconds: float) -> bool:
        return False

    with device_lease(postgresql_url, "ssh://pi@bench-4", not_any_longer, lambda: None) as had:
        assert had
        with device_lease(postgresql_url, "ssh://pi@bench-4", not_any_longer, lambda: waits.append("pi")) as second:
            assert not second
        with device_lease(postgresql_url, "ssh://pi@bench-5", not_any_longer, lambda: waits.append("other")) as other:
            assert other
        with device_lease(postgresql_url, "local", not_any_longer, lambda: waits.append("local")) as local:
            assert local
    assert waits == ["pi"]
    with device_lease(postgresql_url, "ssh://pi@bench-4", not_any_longer, lambda: None) as had:
        assert had


def test_a_database_that_goes_while_another_computer_is_waited_for_keeps_nobody_from_measuring(own_postgresql):
    url = own_postgresql.new_database()

    def goes(seconds: float) -> bool:
        own_postgresql.stop()
        return True

    with device_lease(url, "ssh://pi@bench-4", goes, lambda: None) as had:
        assert had
        with device_lease(url, "ssh://pi@bench-4", goes, lambda: None) as second:
            assert second


def test_a_database_that_is_gone_keeps_nobody_from_measuring():
    gone = "postgresql://nobody@127.0.0.1:1/nowhere"
    with device_lease(gone, "ssh://pi@bench-4", lambda seconds: False, lambda: None) as had:
        assert had


def test_nights_on_a_shared_database_are_judged_together(suite, postgresql_url, monkeypatch):
    monkeypatch.setenv("BAKEOFF_HISTORY", postgresql_url)
    path = suite.write()
    assert main(["nightly", str(path), "--night", NIGHT]) == 0
    assert rows(suite) == [("first", "local", 1)]


def test_a_wrong_password_is_said_before_anything_is_measured_and_never_shown(suite, postgresql, capsys):
    url = postgresql.new_database().replace("tester@", "locked:wr0ng@")
    suite.tables = ["[history]", f'url = "{url}"']
    assert main(["nightly", str(suite.write()), "--night", NIGHT]) == 2
    said = capsys.readouterr().err
    assert "the password is wrong" in said
    assert "wr0ng" not in said
    assert len(said.splitlines()) <= 2
    assert not (suite.folder / "nights").exists()
