"""Two jobs that mean the same phone: the one that is at work goes on undisturbed, the other ends and says so."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

from tests.rig.command import bakeoff, start
from tests.rig.phones_for_runs import MakePhone
from tests.rig.run_on_a_phone import WORKDIR, LongRun, device_folders, over_adb
from tests.rig.run_watch import blocks_in, wait_for
from tests.rig.tiny_experiment import TinyExperiment


def test_a_second_run_is_refused_while_one_is_at_work(
    new_phone: MakePhone, tiny: TinyExperiment, tmp_path: Path
) -> None:
    desk = new_phone()
    run = LongRun(tiny, desk, tmp_path)
    run.wait_for_the_latency_pass()
    experiment, said = tiny.folder / "experiment.toml", f"{desk.name}: another run is at work there, in {WORKDIR}/runs/"
    with run.with_its_runner_held():
        second = bakeoff("run", experiment, "-d", desk.name, "--out", tmp_path / "second", **over_adb(desk.server))
        assert second.exit_code == 2
        assert f"bakeoff: {said}" in second.stderr
        assert not (tmp_path / "second" / "run.json").exists()
        assert run.is_kept_awake()
        fetching = another_that_has_measured(run, tmp_path / "fetching")
        third = bakeoff("run", "--resume", fetching, "--trust", **over_adb(desk.server))
        assert third.exit_code == 3
        assert said in third.stderr
        assert run.is_kept_awake()
    run.ends_whole()
    desk.assert_left_as_found(run.settings_before)


def another_that_has_measured(run: LongRun, folder: Path) -> Path:
    """The folder of another run on the same phone, cut while its outputs were fetched."""
    shutil.copytree(run.folder, folder)
    path = folder / "devices" / run.device / "state.json"
    state = json.loads(path.read_text())
    path.write_text(json.dumps(state | {"stage": "measured", "remote_folder": f"{WORKDIR}/runs/another"}))
    return folder


def test_of_two_runs_that_begin_together_one_gives_way(
    new_phone: MakePhone, tiny: TinyExperiment, tmp_path: Path
) -> None:
    desk = new_phone()
    before = desk.phone.settings()
    tiny.measure |= {"pairs": 2000, "block_ms": 20.0}  # more than there is time for: until the other has given way
    experiment = tiny.write()
    jobs = {
        name: start(
            "run", experiment, "-d", desk.name, "--out", tmp_path / name, log=tmp_path / f"{name}.log",
            **over_adb(desk.server),
        )
        for name in ("one", "two")
    }  # fmt: skip
    wait_for(lambda: any(job.poll() is not None for job in jobs.values()))
    (given_way,) = (name for name, job in jobs.items() if job.poll() is not None)
    log = (tmp_path / f"{given_way}.log").read_text()
    assert jobs.pop(given_way).returncode in {2, 3}, log
    assert "another run is at work there" in log
    ((name, job),) = jobs.items()
    (device,) = device_folders(tmp_path / name)
    blocks = blocks_in(tmp_path / name, device)
    wait_for(lambda: blocks_in(tmp_path / name, device) > blocks)
    assert desk.phone.settings() != before
    job.send_signal(signal.SIGINT)
    assert job.wait(timeout=240) == 130, (tmp_path / f"{name}.log").read_text()
    assert desk.phone.settings() == before
