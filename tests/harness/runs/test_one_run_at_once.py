"""Two jobs that mean the same phone: the one that is at work goes on undisturbed, the other ends and says so."""

from __future__ import annotations

from pathlib import Path

from tests.harness.runs.conftest import MakePhone
from tests.rig.command import bakeoff, start
from tests.rig.run_on_a_phone import WORKDIR, LongRun, over_adb
from tests.rig.tiny_experiment import TinyExperiment


def test_a_second_run_is_refused_while_one_is_at_work(
    new_phone: MakePhone, tiny: TinyExperiment, tmp_path: Path
) -> None:
    desk = new_phone()
    run = LongRun(tiny, desk, tmp_path)
    run.wait_for_the_latency_pass()
    second = bakeoff(
        "run", tiny.folder / "experiment.toml", "-d", desk.name, "--out", tmp_path / "second", **over_adb(desk.server)
    )
    assert second.exit_code == 2
    assert f"bakeoff: {desk.name}: another run is at work there, in {WORKDIR}/runs/" in second.stderr
    assert not (tmp_path / "second" / "run.json").exists()
    assert run.is_kept_awake()
    run.ends_whole()
    desk.assert_left_as_found(run.settings_before)


def test_of_two_runs_that_begin_together_one_is_done(
    new_phone: MakePhone, tiny: TinyExperiment, tmp_path: Path
) -> None:
    desk = new_phone()
    before = desk.phone.settings()
    tiny.measure["pairs"] = 20
    experiment = tiny.write()
    jobs = [
        start(
            "run", experiment, "-d", desk.name, "--out", tmp_path / name, log=tmp_path / f"{name}.log",
            **over_adb(desk.server),
        )
        for name in ("one", "two")
    ]  # fmt: skip
    codes = [job.wait(timeout=240) for job in jobs]
    logs = [(tmp_path / f"{name}.log").read_text() for name in ("one", "two")]
    assert sorted(codes) in ([0, 2], [0, 3]), logs
    assert "another run is at work there" in logs[codes.index(max(codes))]
    assert desk.phone.settings() == before
