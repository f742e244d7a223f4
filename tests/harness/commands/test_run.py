"""Whole runs on real devices: this machine, and a machine over a real sshd."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from harness.documents.comparison import Comparison
from harness.documents.plan import Plan
from harness.documents.runner_record import RunnerRecord
from tests.devices.library_files import library
from tests.rig import sshd as sshd_rig
from tests.rig.command import bakeoff, start
from tests.rig.held_runner import UNHURRIED, held_runner
from tests.rig.run_watch import assert_whole, blocks_in, comparison, records, wait_for


def run(tiny, workdir, tmp_path, *more, out="run", **environment):
    folder = tmp_path / out
    done = bakeoff("run", tiny.write(), "--out", folder, *more, BAKEOFF_LOCAL_WORKDIR=str(workdir), **environment)
    return folder, done


def test_a_run_ends_in_a_verdict_a_report_and_tables(finished_run):
    tiny, folder, done = finished_run.tiny, finished_run.folder, finished_run.said
    assert_whole(folder, len(tiny.names), tiny.measure["pairs"])
    result = comparison(folder)
    contrasts = {each.quantity: each for each in result.devices[0].contrasts}
    # The candidate is the baseline blurred: worse by far more than the margin, on every picture.
    assert contrasts["psnr_y"].outcome == "worse"
    assert contrasts["psnr_y"].effect.estimate < -1.0
    assert result.verdicts[0].decision == "hold"
    assert {"psnr", "psnr_y", "ssim", "latency_p50", "run_peak_memory", "model_size"} <= set(contrasts)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Is it as good?" in page
    assert result.verdicts[0].sentence.split(":")[0] in done.stdout
    assert {path.name for path in (folder / "tables").iterdir()} >= {
        "latency.parquet", "memory.parquet", "quality.parquet",
    }  # fmt: skip
    worst = result.devices[0].gallery
    assert len(worst) == 4
    assert all((folder / each.difference_image).is_file() for each in worst)


def test_an_a_a_run_finds_no_difference_in_quality_and_does_not_ship_or_hold_by_chance_alone(tiny, workdir, tmp_path):
    tiny.candidate = tiny.baseline
    _, done = run(tiny, workdir, tmp_path, "--json")
    assert done.exit_code == 0, done.stderr
    assert "an A/A run" in done.stderr
    result = Comparison.model_validate_json(done.stdout)
    contrasts = {each.quantity: each for each in result.devices[0].contrasts}
    for quantity in ("psnr", "psnr_y", "ssim"):
        assert contrasts[quantity].outcome == "equivalent"
        assert contrasts[quantity].effect.estimate == 0.0
    assert contrasts["model_size"].effect.estimate == 1.0


def test_what_was_analysed_once_comes_out_the_same_again_without_a_device(finished_run, tmp_path):
    folder = finished_run.copy_to(tmp_path / "run")
    first = {name: (folder / name).read_bytes() for name in ("comparison.json", "report.html")}
    for name in first:
        (folder / name).unlink()
    assert bakeoff("analyze", folder, BAKEOFF_LOCAL_WORKDIR="/nonexistent").exit_code == 0
    assert {name: (folder / name).read_bytes() for name in first} == first
    (folder / "report.html").unlink()
    assert bakeoff("report", folder).exit_code == 0
    assert (folder / "report.html").read_bytes() == first["report.html"]


def test_outputs_are_what_the_runtime_gives_here(finished_run):
    import onnxruntime

    from harness.tasks.image_file import read_image

    tiny, folder = finished_run.tiny, finished_run.folder
    session = onnxruntime.InferenceSession(str(tiny.folder / tiny.candidate), providers=["CPUExecutionProvider"])
    for index, name in enumerate(tiny.names):
        image = read_image(tiny.folder / "lr" / f"{name}.png")
        feed = (image.astype(np.float64) / 255.0).transpose(2, 0, 1)[None].astype(np.float32)
        expected = session.run(None, {"lr": feed})[0]
        assert np.allclose(
            np.load(folder / "devices" / "0-local" / "outputs" / "a1" / f"i{index}.0.npy"), expected, atol=1e-6
        )


def test_one_arm_that_cannot_run_leaves_the_other_s_results_and_a_verdict_that_says_so(tiny, workdir, tmp_path):
    """The model opens and fails on its first picture: a Reshape to a size that no picture here has."""
    from tests.rig.tiny_experiment import write_failing_upscaler

    tiny.write()
    write_failing_upscaler(tiny.folder / "failing.onnx")
    tiny.candidate = "failing.onnx"
    folder, done = run(tiny, workdir, tmp_path)
    assert done.exit_code == 0, done.stderr
    result = comparison(folder)
    status = {arm.arm: arm.status for arm in result.devices[0].arms}
    assert status["baseline"] == "ok"
    assert status["candidate"] == "failed"
    assert result.verdicts[0].decision == "hold"
    baseline = next(arm for arm in result.devices[0].arms if arm.arm == "baseline")
    assert baseline.values["latency_p50"].kind == "available"
    assert baseline.values["psnr"].kind == "available"


@pytest.mark.parametrize("moment", ["before the first record", "in the latency pass"])
def test_a_run_killed_in_the_middle_is_finished_by_resume(tiny, workdir, tmp_path, moment):
    tiny.measure |= {"pairs": 16, "block_ms": 30.0, **UNHURRIED}
    folder = tmp_path / "run"
    process = start("run", tiny.write(), "--out", folder, log=tmp_path / "log", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    if moment == "before the first record":
        wait_for((folder / "run.json").exists)
    else:
        wait_for(lambda: blocks_in(folder, "0-local") >= 4)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "comparison.json").exists()
    done = bakeoff("run", "--resume", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    assert_whole(folder, len(tiny.names), tiny.measure["pairs"])
    # The runner on the device was not disturbed by the death of the host: it worked on.
    assert {record.session for record in records(folder)} == {0}


@pytest.fixture
def server(tmp_path):
    missing = sshd_rig.missing_parts()
    if missing:
        pytest.skip(missing)
    passed_on = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    server = sshd_rig.LoopbackSshd(tmp_path / "sshd", environment=passed_on)
    server.start()
    yield server
    server.stop()


def over_ssh(server):
    import shlex

    return {"BAKEOFF_SSH": shlex.join(server.ssh_command())}


def test_over_ssh_the_same_outputs_come_back_as_from_this_machine(tiny, workdir, tmp_path, server):
    address = server.address(workdir)
    # One runner on both, for the same bits: another build of a runtime may round differently.
    folder, done = run(tiny, workdir, tmp_path, "-d", "local", "-d", address, "--runner", "python", **over_ssh(server))
    assert done.exit_code == 0, done.stderr
    names = sorted(path.name for path in (folder / "devices").iterdir())
    assert len(names) == 2
    for name in names:
        assert_whole(folder, len(tiny.names), tiny.measure["pairs"], name)
    outputs = [
        {
            path.relative_to(folder / "devices" / name): path.read_bytes()
            for path in (folder / "devices" / name).rglob("*.npy")
        }
        for name in names
    ]
    assert len(outputs[0]) == 8
    assert outputs[0] == outputs[1]
    # One machine under two names: they must take turns, or each disturbs the other.
    spans = []
    for name in names:
        found = records(folder, name)
        spans.append((found[0].monotonic_ns, found[-1].monotonic_ns))
    spans.sort()
    assert spans[0][1] < spans[1][0]


def test_a_connection_cut_in_the_middle_loses_nothing_and_doubles_nothing(tiny, workdir, tmp_path, server):
    tiny.measure |= {"pairs": 16, "block_ms": 30.0, **UNHURRIED}
    folder = tmp_path / "run"
    process = start(
        "run", tiny.write(), "-d", server.address(workdir), "--out", folder, log=tmp_path / "log",
        BAKEOFF_LOCAL_WORKDIR=str(workdir), **over_ssh(server),
    )  # fmt: skip
    (device,) = [*_device_folder(folder)]
    wait_for(lambda: blocks_in(folder, device) >= 4)
    with held_runner(folder, device):
        server.stop()
        wait_for(lambda: "reconnecting" in (tmp_path / "log").read_text())
        server.start()
    assert process.wait(timeout=240) == 0, (tmp_path / "log").read_text()
    assert_whole(folder, len(tiny.names), tiny.measure["pairs"], device)
    assert {record.session for record in records(folder, device)} == {0}
    assert records(folder, device)[0].runner == "native"
    chosen = runner_record(folder, device)
    assert "onnxruntime 1.32.0 for linux-" in chosen.reason
    assert {each.sha256 for each in chosen.libraries.values()} == {
        Path(arm.library).name for arm in arms(folder, device)
    }
    result = comparison(folder).devices[0]
    assert (result.runner, result.runner_reason) == ("native runner", chosen.reason)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert chosen.reason in page
    assert chosen.libraries["a1"].sha256 in page


def runner_record(folder, device):
    return RunnerRecord.model_validate_json((folder / "devices" / device / "runner.json").read_bytes())


def arms(folder, device):
    return Plan.model_validate_json((folder / "devices" / device / "plan.json").read_bytes()).arms


def test_where_the_native_runner_cannot_be_had_python_s_takes_its_place_and_it_is_said(tiny, workdir, tmp_path, server):
    """A host without a network whose cache is empty: neither a compiler nor a library is there."""
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "BAKEOFF_CACHE": str(tmp_path / "cache")}
    device = ("-d", server.address(workdir))
    done = bakeoff("check", tiny.write(), *device, **over_ssh(server), **offline)
    assert done.exit_code == 0, done.stderr
    assert "python runner instead: the native runner cannot be had: onnxruntime==1.32.0" in done.stderr
    assert "python runner: the native runner cannot be had" in done.stdout
    asked = bakeoff("check", tiny.write(), *device, "--runner", "native", **over_ssh(server), **offline)
    assert asked.exit_code == 2
    assert "cannot be fetched" in asked.stderr


def test_where_the_native_runner_does_not_start_python_s_takes_its_place(tiny, workdir, tmp_path, server):
    """As on a 32-bit system with a 64-bit kernel: `uname -m` names a machine whose programs do not start there."""
    liar = tmp_path / "bin" / "uname"
    liar.parent.mkdir()
    liar.write_text('#!/bin/sh\n[ "$1" = -m ] && { echo aarch64; exit; }\nexec /bin/uname "$@"\n')
    liar.chmod(0o755)
    server.stop()
    server.set_environment(PATH=f"{liar.parent}:{os.environ['PATH']}")
    server.start()
    brought = tmp_path / "libonnxruntime.so"
    brought.write_bytes(library("arm64-v8a"))
    done = bakeoff(
        "check", tiny.write(), "-d", server.address(workdir), **over_ssh(server), BAKEOFF_RUNTIME_LIBRARIES=str(brought)
    )
    assert done.exit_code == 0, done.stderr
    assert "the runner for linux-aarch64 does not start there" in done.stdout


def _device_folder(folder: Path):
    wait_for((folder / "run.json").exists)
    yield json.loads((folder / "run.json").read_text())["devices"][0]["folder"]


def test_a_device_that_does_not_answer_leaves_the_others_results_and_is_taken_up_by_resume(
    tiny, workdir, tmp_path, server, monkeypatch
):
    from harness.cli.main import main
    from harness.runs.preparing import prepare

    monkeypatch.setattr(prepare, "FIRST_CONNECT_S", 0.1)
    for name, value in {"BAKEOFF_LOCAL_WORKDIR": str(workdir), **over_ssh(server)}.items():
        monkeypatch.setenv(name, value)
    address = server.address(workdir)
    server.stop()
    folder = tmp_path / "run"
    resume = ["run", "--resume", str(folder)]
    devices = ["-d", "local", "-d", address]
    assert main(["run", str(tiny.write()), *devices, "--runner", "python", "--out", str(folder)]) == 3
    for _ in range(2):
        result = comparison(folder)
        assert [device.status for device in result.devices] == ["complete", "failed"]
        assert result.verdicts[0].decision in {"hold", "undecided"}
        assert main(resume) == 3  # it still does not answer: the others' results stay
    server.start()
    assert main(resume) == 0
    assert [device.status for device in comparison(folder).devices] == ["complete", "complete"]
    # What was asked for when the run began holds for the one that came late.
    assert [device.runner_reason for device in comparison(folder).devices] == ["asked for with --runner"] * 2
    assert [device.runner for device in comparison(folder).devices] == ["python runner"] * 2
