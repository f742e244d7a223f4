"""A run cut at any moment, by anything: nothing is left running, nothing is lost, and resume ends it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.rig.command import bakeoff, start
from tests.rig.held_runner import UNHURRIED, held_runner
from tests.rig.run_watch import assert_whole, blocks_in, comparison, records, wait_for

PAIRS = 16


def begin(tiny, workdir, tmp_path, *, pairs=PAIRS, block_ms=30.0, **environment):
    tiny.measure |= {"pairs": pairs, "block_ms": block_ms, **UNHURRIED}
    folder = tmp_path / "run"
    log = tmp_path / "log"
    process = start(
        "run", tiny.write(), "--out", folder, log=log, **{"BAKEOFF_LOCAL_WORKDIR": str(workdir), **environment}
    )
    return folder, process, log


def runner_is_gone(folder: Path) -> bool:
    started = [record for record in records(folder) if record.record == "runner_started"][-1]
    return not Path(f"/proc/{started.pid}").exists()


def resume(folder, workdir, *options):
    done = bakeoff("run", "--resume", folder, *options, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    return done


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_at_a_block_leaves_nothing_running_and_can_be_resumed(tiny, workdir, tmp_path, number):
    folder, process, log = begin(tiny, workdir, tmp_path)
    wait_for(lambda: blocks_in(folder) >= 2)
    with held_runner(folder):
        process.send_signal(number)
        wait_for(lambda: "Ctrl-C again" in log.read_text())
    assert process.wait(timeout=240) == 130
    assert f"bakeoff run --resume {folder}" in log.read_text()
    assert records(folder)[-1].reason == "stopped"
    wait_for(lambda: runner_is_gone(folder))
    if number != signal.SIGINT:
        return
    resume(folder, workdir)
    assert [each.reason for each in records(folder) if each.record == "runner_finished"] == ["stopped", "complete"]
    assert_whole(folder, 4, PAIRS)


def test_a_second_ctrl_c_does_not_wait_for_the_block_in_flight(tiny, workdir, tmp_path):
    tiny.measure |= {"block_max_inferences": 1_000_000, "warm_up_max_blocks": 3}
    folder, process, log = begin(tiny, workdir, tmp_path, pairs=2, block_ms=60_000.0)  # warm-up blocks of many seconds
    records_path = folder / "devices/0-local/records.jsonl"
    wait_for(lambda: records_path.exists() and b"a1/i3.0.npy" in records_path.read_bytes())
    process.send_signal(signal.SIGINT)
    wait_for(lambda: "Ctrl-C again" in log.read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=240) == 130
    wait_for(lambda: runner_is_gone(folder))


def test_ctrl_c_while_a_device_is_made_ready_leaves_no_run(tiny, tmp_path):
    folder, process, log = begin(tiny, tmp_path / "empty", tmp_path)
    wait_for(lambda: "installing" in log.read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=240) == 130
    assert not folder.exists()
    assert log.read_text().splitlines()[-1] == "bakeoff: interrupted"


def test_ctrl_c_while_scoring_can_be_resumed(finished_run, workdir, tmp_path):
    folder = finished_run.copy_to(tmp_path / "run")
    (folder / "comparison.json").unlink()
    process = start("run", "--resume", folder, log=tmp_path / "log", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    wait_for(lambda: "scoring" in (tmp_path / "log").read_text())
    process.send_signal(signal.SIGINT)
    if process.wait(timeout=240) == 130:  # else it was done before it heard
        assert "--resume" in (tmp_path / "log").read_text()
        assert "Traceback" not in (tmp_path / "log").read_text()
    resume(folder, workdir)
    assert (folder / "comparison.json").read_bytes() == (finished_run.folder / "comparison.json").read_bytes()


def killed(tiny, workdir, tmp_path, *, after):
    folder, process, _ = begin(tiny, workdir, tmp_path)
    wait_for(lambda: after(folder))
    with held_runner(folder):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return folder


def test_killed_before_the_plans_were_written(tiny, workdir, tmp_path):
    folder = killed(tiny, workdir, tmp_path, after=lambda folder: blocks_in(folder) >= 1)
    end_runner(folder)
    shutil.rmtree(folder / "devices")
    assert bakeoff("analyze", folder).exit_code == 0  # there is nothing, and that is what it says
    assert "before this device was ready" in comparison(folder).devices[0].problem
    resume(folder, workdir)
    assert_whole(folder, 4, PAIRS)


def test_killed_between_starting_the_runner_and_writing_that_down(tiny, workdir, tmp_path):
    folder = killed(tiny, workdir, tmp_path, after=lambda folder: blocks_in(folder) >= 4)
    state = folder / "devices/0-local/state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"process": None}))
    (folder / "devices/0-local/records.jsonl").unlink()  # nothing says that a runner works
    resume(folder, workdir)
    assert_whole(folder, 4, PAIRS)
    assert {record.session for record in records(folder)} == {0}


def test_killed_in_the_middle_of_a_line(tiny, workdir, tmp_path):
    folder = killed(tiny, workdir, tmp_path, after=lambda folder: blocks_in(folder) >= 4)
    path = folder / "devices/0-local/records.jsonl"
    path.write_bytes(path.read_bytes()[:-17])
    resume(folder, workdir)
    assert_whole(folder, 4, PAIRS)


def end_runner(folder):
    with held_runner(folder) as pid:
        os.kill(pid, signal.SIGKILL)


def test_a_runner_that_is_killed_is_started_again(tiny, workdir, tmp_path):
    folder, process, log = begin(tiny, workdir, tmp_path)
    wait_for(lambda: blocks_in(folder) >= 4)
    end_runner(folder)
    assert process.wait(timeout=240) == 0
    assert "starting it again" in log.read_text()
    assert_whole(folder, 4, PAIRS)
    assert {record.session for record in records(folder)} == {0, 1}


def test_killed_while_outputs_were_fetched(finished_run, workdir, tmp_path):
    """All is home and the device's folder is gone: only the last word was not written."""
    folder = finished_run.copy_to(tmp_path / "run")
    state = folder / "devices/0-local/state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"stage": "measured"}))
    resume(folder, workdir, "--trust")  # the folder is a copy
    assert json.loads(state.read_text())["stage"] == "fetched"


def test_a_complete_run_is_resumed_without_its_device(finished_run, tmp_path):
    folder = finished_run.copy_to(tmp_path / "run")
    done = bakeoff("run", "--resume", f"{folder}/", BAKEOFF_LOCAL_WORKDIR="/proc/nowhere")
    assert done.exit_code == 0, done.stderr


def test_two_at_once_on_one_run_are_refused(tiny, workdir, tmp_path):
    folder, process, _ = begin(tiny, workdir, tmp_path)
    wait_for(lambda: blocks_in(folder) >= 1)
    with held_runner(folder):
        for command in (("run", "--resume", folder), ("analyze", folder)):
            refused = bakeoff(*command, BAKEOFF_LOCAL_WORKDIR=str(workdir))
            assert refused.exit_code == 2
            assert "another bakeoff is at work on this run" in refused.stderr
        process.send_signal(signal.SIGINT)
    assert process.wait(timeout=240) == 130


def test_a_device_that_lost_its_files_is_said_and_not_started_in_vain(tiny, workdir, tmp_path):
    folder, process, log = begin(tiny, workdir, tmp_path)
    wait_for(lambda: blocks_in(folder) >= 4)
    remote = json.loads((folder / "devices/0-local/state.json").read_text())["remote_folder"]
    with held_runner(folder) as pid:
        os.kill(pid, signal.SIGKILL)
        shutil.rmtree(remote, ignore_errors=True)
    assert process.wait(timeout=240) == 3, log.read_text()
    assert f"{remote} is no longer there" in comparison(folder).devices[0].problem
    assert "Traceback" not in log.read_text()
    again = bakeoff("run", "--resume", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert again.exit_code == 3
    assert "Start a new run" in comparison(folder).devices[0].problem


@pytest.fixture
def small_disk(tmp_path):
    """Mounts small file systems; `size` can be changed while they are in use."""
    if os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root only")
    mounted = []

    def mount(folder: Path, kilobytes: int, *, again: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        options = f"{'remount,' if again else ''}size={kilobytes}k"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False, capture_output=True
        )
        if done.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {done.stderr.decode()}")
        if not again:
            mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_device_s_disk_that_fills_up_is_said_and_the_run_goes_on_when_there_is_space(
    tiny, workdir, tmp_path, small_disk
):
    device = tmp_path / "device"
    device.mkdir()
    (device / "runtimes").symlink_to(workdir / "runtimes")
    small_disk(device / "runs", 440)  # outputs take 4 × 2 × 28 kB; the records of the blocks more than what is left
    tiny.measure["block_min_inferences"] = 1500
    folder, process, log = begin(tiny, device, tmp_path)
    assert process.wait(timeout=200) == 3, log.read_text()
    assert "Traceback" not in log.read_text()
    problem = comparison(folder).devices[0].problem
    assert "the disk is full there" in problem
    assert "bakeoff run --resume" in problem
    small_disk(device / "runs", 60_000, again=True)
    resume(folder, device)
    assert_whole(folder, 4, PAIRS)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(1 << 12))


def test_this_computer_s_disk_that_fills_up_stops_nothing_on_the_device(tiny, workdir, tmp_path, small_disk):
    disk = tmp_path / "disk"
    small_disk(disk, 80_000)
    tiny.measure |= {"pairs": PAIRS, "block_ms": 30.0, **UNHURRIED}
    process = start(
        "run", tiny.write(), "--out", disk / "run", log=tmp_path / "log", BAKEOFF_LOCAL_WORKDIR=str(workdir)
    )
    wait_for(lambda: blocks_in(disk / "run") >= 4)
    with held_runner(disk / "run"):
        fill(disk / "ballast")
    assert process.wait(timeout=240) == 2
    said = (tmp_path / "log").read_text()
    assert "cannot be written: No space left on device" in said
    assert "Traceback" not in said
    (disk / "ballast").unlink()
    resume(disk / "run", workdir)
    assert_whole(disk / "run", 4, PAIRS)
    assert {record.session for record in records(disk / "run")} == {0}
