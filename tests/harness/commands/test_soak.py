"""Soaks of seconds on this machine, with a real runner and runtime: cut, left alone, looked at, gone on with."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.documents.soak_result import SoakResult
from tests.rig.command import Finished, bakeoff, start
from tests.rig.run_watch import records, wait_for
from tests.rig.short_soak import cut_short

SHORT = ("--hours", 6 / 3600, "--window", 0.25)
ENDLESS = ("--hours", 1, "--window", 0.25)
"""Beside how long a test takes."""


def windows_in(folder: Path) -> int:
    path = folder / "devices/0-local/records.jsonl"
    return path.read_bytes().count(b'"soak_window"') if path.exists() else 0


def result(folder: Path) -> SoakResult:
    return SoakResult.model_validate_json((folder / "result.json").read_bytes())


def runner_pids(folder: Path) -> list[int]:
    return [record.pid for record in records(folder) if record.record == "runner_started"]


def remote_folder(folder: Path) -> Path:
    return Path(json.loads((folder / "devices/0-local/state.json").read_text())["remote_folder"])


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def assert_whole(folder: Path, seconds: float) -> None:
    """Windows numbered through all sessions, and as much soaked as was asked for."""
    found = records(folder)
    windows = [record for record in found if record.record == "soak_window"]
    assert [window.index for window in windows] == list(range(len(windows)))
    assert sum(window.ended_ns - window.started_ns for window in windows) >= seconds * 1e9
    assert found[-1].reason == "complete"
    assert (folder / "report.html").is_file()
    (device,) = result(folder).devices
    assert device.status == "complete"
    assert device.windows == len(windows)
    assert device.inferences == sum(window.inferences for window in windows)
    assert json.loads((folder / "devices/0-local/state.json").read_text())["stage"] == "fetched"


@pytest.fixture
def folder(tmp_path) -> Iterator[Path]:
    """Of the soak. Its runner, where it is still at work, ends with the test."""
    folder = tmp_path / "soak"
    yield folder
    if (folder / "devices/0-local/state.json").exists():
        there = remote_folder(folder) / "records.jsonl"
        for line in there.read_bytes().splitlines() if there.exists() else []:
            if b'"runner_started"' in line:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(json.loads(line)["pid"], signal.SIGKILL)


def soak(command, workdir, *arguments: object) -> Finished:
    return bakeoff("soak", command, *arguments, BAKEOFF_LOCAL_WORKDIR=str(workdir))


def test_a_soak_runs_to_its_end_and_is_told(tiny, workdir, tmp_path, folder):
    done = soak(tiny.write(), workdir, *SHORT, "--out", folder)
    assert done.exit_code == 0, done.stderr
    assert_whole(folder, 6)
    assert result(folder).arm == "candidate"
    (device,) = result(folder).devices
    assert device.memory.leak != "unavailable"
    assert device.throttling.throttled != "unavailable"  # the fixed work is there
    assert "Soak of candidate in tiny" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    again = soak("--resume", workdir, folder, "--json")
    assert again.exit_code == 0, again.stderr
    assert SoakResult.model_validate_json(again.stdout) == result(folder)


def test_left_to_itself_and_looked_at(tiny, workdir, tmp_path, folder):
    left = soak(tiny.write(), workdir, *ENDLESS, "--out", folder, "--detach")
    assert left.exit_code == 0, left.stderr
    assert "at work by itself" in left.stderr
    state = folder / "devices/0-local/state.json"
    before = state.read_bytes()

    seen = soak("--status", workdir, folder, "--json")
    assert seen.exit_code == 0, seen.stderr
    first = second = SoakResult.model_validate_json(seen.stdout).devices[0]
    while second.windows == first.windows and second.status == "at work":
        later = soak("--status", workdir, folder, "--json")
        second = SoakResult.model_validate_json(later.stdout).devices[0]
    assert first.status == second.status == "at work"
    assert 0 <= first.windows < second.windows
    assert state.read_bytes() == before
    assert len(runner_pids(folder)) == 1


def test_left_to_itself_and_fetched_when_it_has_ended(tiny, workdir, tmp_path, folder):
    left = soak(tiny.write(), workdir, *SHORT, "--out", folder, "--detach")
    assert left.exit_code == 0, left.stderr
    there = remote_folder(folder) / "records.jsonl"
    wait_for(lambda: b'"runner_finished"' in there.read_bytes())
    done = soak("--resume", workdir, folder)
    assert done.exit_code == 0, done.stderr
    assert_whole(folder, 6)
    assert len(runner_pids(folder)) == 1


def test_a_host_that_is_killed_loses_nothing(tiny, workdir, tmp_path, folder):
    process = start(
        "soak", tiny.write(), *ENDLESS, "--out", folder, log=tmp_path / "log", BAKEOFF_LOCAL_WORKDIR=str(workdir)
    )
    wait_for(lambda: windows_in(folder) >= 3)
    refused = soak("--resume", workdir, folder)
    assert refused.exit_code == 2
    assert str(folder) in refused.stderr
    followed = soak("--status", workdir, folder)
    assert "at work" in followed.stdout
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    records_path = folder / "devices/0-local/records.jsonl"
    records_path.write_bytes(records_path.read_bytes()[:-11])  # killed in the middle of a line
    come_home = windows_in(folder)

    again = start("soak", "--resume", folder, log=tmp_path / "log", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    wait_for(lambda: windows_in(folder) >= come_home + 2)
    again.send_signal(signal.SIGINT)
    assert again.wait(timeout=240) == 130, (tmp_path / "log").read_text()
    found = records(folder)
    assert [record.n for record in found] == list(range(len(found)))
    assert found[-1].reason == "stopped"
    indices = [record.index for record in found if record.record == "soak_window"]
    assert indices == list(range(result(folder).devices[0].windows))
    assert len(runner_pids(folder)) == 1


def test_ctrl_c_stops_after_the_window_and_a_runner_that_dies_is_started_again(tiny, workdir, tmp_path, folder):
    process = start(
        "soak", tiny.write(), *ENDLESS, "--out", folder, log=tmp_path / "log", BAKEOFF_LOCAL_WORKDIR=str(workdir)
    )
    wait_for(lambda: windows_in(folder) >= 3)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=240) == 130
    said = (tmp_path / "log").read_text()
    assert "stopping after this window" in said
    assert f"bakeoff soak --resume {folder}" in said
    assert records(folder)[-1].reason == "stopped"
    assert result(folder).devices[0].status == "stopped"
    wait_for(lambda: not is_alive(runner_pids(folder)[-1]))

    stopped_at = windows_in(folder)
    process = start("soak", "--resume", folder, log=tmp_path / "log", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    wait_for(lambda: windows_in(folder) >= stopped_at + 2)
    runner = runner_pids(folder)[-1]
    os.kill(runner, signal.SIGSTOP)
    seconds = cut_short(remote_folder(folder), more_s=2.0)
    os.kill(runner, signal.SIGKILL)
    assert process.wait(timeout=240) == 0, (tmp_path / "log").read_text()
    assert_whole(folder, seconds)
    assert [gap.what for gap in result(folder).devices[0].gaps] == ["runner restarted"] * 2
    assert result(folder).devices[0].sessions == 3


def test_a_look_at_a_runner_that_was_killed_says_so_and_starts_none(tiny, workdir, tmp_path, folder):
    left = soak(tiny.write(), workdir, *ENDLESS, "--out", folder, "--detach")
    assert left.exit_code == 0, left.stderr
    soak("--status", workdir, folder)
    os.kill(runner_pids(folder)[-1], signal.SIGKILL)
    seen = soak("--status", workdir, folder, "--json")
    assert SoakResult.model_validate_json(seen.stdout).devices[0].status == "stopped"
    time.sleep(0.5)
    assert soak("--status", workdir, folder).exit_code == 0
    assert len(runner_pids(folder)) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--arm", "nobody"), "the experiment has no such arm"),
        (("--hours", "72", "--window", "1"), "At most 20000 are sensible: give --window 13 or more"),
        (("--hours", "nan"), "a number of hours up to 8784 is needed"),
        (("--window", "0"), "a number of seconds up to 3600 is needed"),
        (("--resume", "x"), "give an experiment, or --resume DIR, or --status DIR"),
    ],
)
def test_what_cannot_be_asked_for_is_said(tiny, workdir, tmp_path, arguments, said):
    done = bakeoff("soak", tiny.write(), *arguments, cwd=tmp_path, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("option", ["--resume", "--status"])
def test_a_folder_that_is_no_soak_is_left_as_it_is(tmp_path, option):
    done = bakeoff("soak", option, tmp_path)
    assert done.exit_code == 2
    assert "is not a soak" in done.stderr
    assert list(tmp_path.iterdir()) == []
    both = bakeoff("soak", option, tmp_path, "--hours", 3)
    assert f"--hours cannot be given with {option}" in both.stderr
