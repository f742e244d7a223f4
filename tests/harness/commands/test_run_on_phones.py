"""Whole runs on stand-in phones: the real adb client, the native runner with its own libc, the runtimes' own libraries.

No Python and no libc is on these phones: the runner takes its loader and libraries along ("portable"). Every test runs
over both phones, the one whose adbd is ours and the one with the real adbd.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from devices.errors import RuntimeNotAvailableError
from devices.libraries.portable_libc import portable_libc
from tests.harness.conftest import FinishedRun
from tests.rig.adb_server import AdbServer
from tests.rig.any_phone import KINDS, PhoneKind
from tests.rig.built_once import made_once
from tests.rig.command import REPOSITORY, Finished, bakeoff
from tests.rig.run_on_a_phone import (
    WORKDIR,
    ConnectedPhone,
    LongRun,
    device_folders,
    outputs,
    over_adb,
    plug_in,
    runners,
    sessions,
)
from tests.rig.run_watch import assert_whole, comparison, records, wait_for


@dataclass(frozen=True)
class RunOnAPhone:
    """A finished run on a phone that is still attached."""

    desk: ConnectedPhone
    folder: Path
    settings_before: dict[str, str]
    said: Finished


@pytest.fixture(scope="module")
def run_on_a_phone(
    server: AdbServer, kind: PhoneKind, tmp_path_factory: pytest.TempPathFactory, finished_run: FinishedRun
) -> Iterator[RunOnAPhone]:
    """The experiment of `finished_run`, which ran on this machine."""
    with ExitStack() as stack:
        desk = plug_in(kind, server, stack)
        before = desk.phone.settings()
        folder = tmp_path_factory.mktemp("on-a-phone") / "run"
        experiment = finished_run.tiny.folder / "experiment.toml"
        said = bakeoff("run", experiment, "-d", desk.name, "--out", folder, **over_adb(server))
        assert said.exit_code == 0, said.stderr
        yield RunOnAPhone(desk, folder, before, said)


def test_a_run_on_a_phone_ends_whole_and_in_a_verdict(run_on_a_phone, finished_run):
    folder = run_on_a_phone.folder
    (device,) = device_folders(folder)
    assert_whole(folder, len(finished_run.tiny.names), finished_run.tiny.measure["pairs"], device)
    assert runners(folder, device) == {"native"}
    assert "native runner, portable" in run_on_a_phone.said.stderr
    result = comparison(folder)
    contrasts = {each.quantity: each for each in result.devices[0].contrasts}
    assert {"psnr", "psnr_y", "ssim", "latency_p50", "run_peak_memory", "model_size"} <= set(contrasts)
    # The candidate is the baseline blurred.
    assert contrasts["psnr_y"].outcome == "worse"
    assert result.verdicts[0].decision == "hold"


def test_a_phone_s_outputs_are_those_of_this_machine(run_on_a_phone, finished_run):
    there = outputs(run_on_a_phone.folder, *device_folders(run_on_a_phone.folder))
    here = outputs(finished_run.folder, "0-local")
    assert runners(finished_run.folder, "0-local") == {"python"}
    assert len(there) == 2 * len(finished_run.tiny.names)
    assert there.keys() == here.keys()
    for name, expected in here.items():
        assert there[name].dtype == expected.dtype
        assert there[name].shape == expected.shape
        assert np.allclose(there[name], expected, rtol=0.0, atol=1e-5)


def test_nothing_of_a_finished_run_is_left_on_the_phone(run_on_a_phone):
    desk = run_on_a_phone.desk
    there = desk.server.adb("-s", desk.phone.address, "shell", f"ls -d {WORKDIR}/runs")
    assert there.text == f"{WORKDIR}/runs"
    desk.assert_left_as_found(run_on_a_phone.settings_before)


def write_int8_experiment(folder: Path) -> Path:
    """The example's int8 model against its fp32 one in LiteRT, on two of the example's pictures."""
    examples = REPOSITORY / "examples"
    for role, source in (("lr", "lr_x2"), ("hr", "hr")):
        (folder / role).mkdir(parents=True)
        for name in ("brick__03.png", "hopper__02.png"):
            shutil.copy(examples / "images" / source / name, folder / role / name)
    arms = "".join(
        f'[[arms]]\nname = "{name}"\nrole = "{role}"\nmodel = "{examples}/models/sr_x2_{name}.tflite"\n'
        'runtime = "ai-edge-litert==2.3.0"\nthreads = 1\n'
        for name, role in (("fp32", "baseline"), ("int8", "candidate"))
    )
    path = folder / "experiment.toml"
    path.write_text(
        'name = "int8"\nquestion = "Is int8 as good?"\n'
        '[data]\ninputs = "lr"\nreferences = "hr"\nscale = 2\n'
        f"{arms}"
        "[measure]\npairs = 3\nblock_ms = 1.0\nsettle_ms = 0.0\nmemory_repeats = 2\nseed = 7\n"
        "gates.max_wait_s = 0.0\n"
        'metrics = ["psnr_y"]\n'
        '[[rules]]\nquantity = "psnr_y"\nno_worse_than = "3 dB"\n'
        '[[rules]]\nquantity = "model_size"\nimprove_by_at_least = "50 %"\n'
    )
    return path


@pytest.fixture(scope="module")
def int8_here(tmp_path_factory: pytest.TempPathFactory, workdir: Path) -> tuple[Path, Path]:
    """The int8 experiment, and its finished run on this machine. One for all test processes."""

    def run(home: Path) -> None:
        experiment, folder = write_int8_experiment(home / "int8"), home / "run"
        done = bakeoff("run", experiment, "-d", "local", "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))
        assert done.exit_code == 0, done.stderr
        assert_whole(folder, 2, 3)
        assert runners(folder, "0-local") == {"python"}

    home = made_once(tmp_path_factory, "int8-here", run)
    return home / "int8" / "experiment.toml", home / "run"


def test_an_int8_model_gives_on_a_phone_bit_for_bit_what_it_gives_here(new_phone, int8_here, tmp_path):
    desk, (experiment, folder_here), folder = new_phone(), int8_here, tmp_path / "run"
    done = bakeoff("run", experiment, "-d", desk.name, "--out", folder, **over_adb(desk.server))
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, 2, 3, device)
    assert runners(folder, device) == {"native"}
    here, there = outputs(folder_here, "0-local"), outputs(folder, device)
    assert len(here) == 4
    assert there.keys() == here.keys()
    for name, expected in here.items():
        if "/a1/" in name:
            assert np.issubdtype(expected.dtype, np.integer)
            assert there[name].dtype == expected.dtype
            assert np.array_equal(there[name], expected)
        else:
            assert np.allclose(there[name], expected, rtol=0.0, atol=1e-5)


def test_two_phones_in_one_run_both_end_whole(new_phone, tiny, tmp_path):
    desks = [new_phone(serial=serial, model=model) for serial, model in (("PHONEA", "Pixel 8"), ("PHONEB", "Pixel 7"))]
    folder = tmp_path / "run"
    names = [word for desk in desks for word in ("-d", desk.name)]
    before = [desk.phone.settings() for desk in desks]
    done = bakeoff("run", tiny.write(), *names, "--out", folder, **over_adb(desks[0].server))
    assert done.exit_code == 0, done.stderr
    devices = device_folders(folder)
    assert len(set(devices)) == 2
    for device in devices:
        assert_whole(folder, len(tiny.names), tiny.measure["pairs"], device)
        assert runners(folder, device) == {"native"}
        assert sessions(folder, device) == {0}
    first, second = (outputs(folder, device) for device in devices)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert [device.status for device in comparison(folder).devices] == ["complete", "complete"]
    for desk, settings in zip(desks, before, strict=True):
        desk.assert_left_as_found(settings)


def test_with_the_cable_pulled_the_runner_works_on_and_the_host_catches_up(new_phone, tiny, tmp_path):
    desk = new_phone()
    run = LongRun(tiny, desk, tmp_path)
    run.wait_for_the_latency_pass()
    run.phone.unplug()
    wait_for(lambda: b'"runner_finished"' in run.records_there())
    wait_for(lambda: "reconnecting" in run.log())
    assert run.blocks_here() < 2 * run.pairs
    run.phone.plug_in()
    run.ends_whole()
    assert "connected again" in run.log()
    assert sessions(run.folder, run.device) == {0}
    desk.assert_left_as_found(run.settings_before)


def test_a_phone_that_reboots_in_the_latency_pass_is_gone_on_with(new_phone, tiny, tmp_path):
    desk = new_phone()
    run = LongRun(tiny, desk, tmp_path)
    run.wait_for_the_latency_pass()
    run.phone.reboot()
    assert b'"runner_finished"' not in run.records_there()
    wait_for(lambda: 1 in run.sessions_so_far())
    assert run.is_kept_awake()
    run.ends_whole()
    assert sessions(run.folder, run.device) == {0, 1}
    boots = {record.context.boot_id for record in records(run.folder, run.device) if record.record == "runner_started"}
    assert len(boots) == (2 if desk.phone.has_own_boot_id else 1)
    desk.assert_left_as_found(run.settings_before)


def test_a_run_on_a_phone_whose_host_is_killed_is_finished_by_resume(new_phone, tiny, tmp_path):
    desk = new_phone()
    run = LongRun(tiny, desk, tmp_path)
    run.wait_for_the_latency_pass()
    run.kill_the_host()
    done = bakeoff("run", "--resume", run.folder, **over_adb(desk.server))
    assert done.exit_code == 0, done.stderr
    run.is_whole()
    assert sessions(run.folder, run.device) == {0}
    desk.assert_left_as_found(run.settings_before)


@pytest.fixture
def arm64_phone(server: AdbServer) -> Iterator[ConnectedPhone]:
    """One of the two: whole runs under an emulator take their time."""
    reasons = {name: kind.missing_parts("arm64") for name, kind in KINDS.items()}
    there = [name for name, reason in reasons.items() if reason is None]
    if not there:
        pytest.skip("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))
    try:
        portable_libc("aarch64")
    except RuntimeNotAvailableError as missing:
        pytest.skip(str(missing))
    with ExitStack() as stack:
        yield plug_in(KINDS[there[-1]], server, stack, architecture="arm64")


def test_an_arm64_phone_runs_the_arm64_runner_and_runtime(arm64_phone, tiny, tmp_path, finished_run):
    desk = arm64_phone
    tiny.names = tiny.names[:1]
    tiny.measure |= {"pairs": 2, "block_ms": 1.0, "memory_repeats": 1}
    folder = tmp_path / "run"
    done = bakeoff("run", tiny.write(), "-d", desk.name, "--out", folder, **over_adb(desk.server))
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, 1, 2, device)
    assert runners(folder, device) == {"native"}
    started = records(folder, device)[0]
    assert started.machine == "aarch64"
    there, here = outputs(folder, device), outputs(finished_run.folder, "0-local")
    assert len(there) == 2
    for name, output in there.items():
        assert np.allclose(output, here[name], rtol=0.0, atol=1e-5)
    assert list(desk.phone.data_folder.glob("bakeoff/runs/*")) == []
