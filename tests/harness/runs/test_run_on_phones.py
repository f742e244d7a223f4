"""Whole runs on stand-in phones: the real adb client, the native runner with its own libc, the runtimes' own libraries.

No Python and no libc is on these phones: the runner takes its loader and libraries along ("portable").
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from devices.errors import RuntimeNotAvailableError
from devices.portable_libc import portable_libc
from tests.harness.conftest import FinishedRun
from tests.rig.command import REPOSITORY, Finished, bakeoff, start
from tests.rig.phone import AdbServer, Faults, StandInPhone
from tests.rig.phone.phone import missing_parts
from tests.rig.phone_on_a_desk import PhoneOnADesk
from tests.rig.run_watch import assert_whole, blocks_in, comparison, records, wait_for
from tests.rig.tiny_experiment import TinyExperiment

WORKDIR = "/data/local/tmp/bakeoff"

MakePhone = Callable[..., PhoneOnADesk]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbServer]:
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    with AdbServer(tmp_path_factory.mktemp("adb")) as server:
        yield server


def plug_in_to(server: AdbServer, stack: ExitStack, **about: object) -> PhoneOnADesk:
    phone = stack.enter_context(StandInPhone(**about))  # type: ignore[arg-type]
    if not phone.confined:
        pytest.skip("this phone is a plain directory: run the tests as root for one with namespaces")
    stack.callback(server.adb, "disconnect", phone.address)
    phone.connect(server)
    return PhoneOnADesk(phone, server)


@pytest.fixture
def new_phone(server: AdbServer) -> Iterator[MakePhone]:
    """Makes and connects phones of the test's own, to have accidents with."""
    with ExitStack() as stack:
        yield lambda **about: plug_in_to(server, stack, **about)


@dataclass(frozen=True)
class RunOnAPhone:
    """A finished run on a phone that is still attached."""

    desk: PhoneOnADesk
    folder: Path
    settings_before: dict[str, str]
    said: Finished


@pytest.fixture(scope="module")
def run_on_a_phone(
    server: AdbServer, tmp_path_factory: pytest.TempPathFactory, finished_run: FinishedRun
) -> Iterator[RunOnAPhone]:
    """The experiment of `finished_run`, which ran on this machine."""
    with ExitStack() as stack:
        desk = plug_in_to(server, stack)
        before = desk.phone.state.settings()
        folder = tmp_path_factory.mktemp("on-a-phone") / "run"
        experiment = finished_run.tiny.folder / "experiment.toml"
        said = bakeoff("run", experiment, "-d", name_of(desk), "--out", folder, **over_adb(server))
        assert said.exit_code == 0, said.stderr
        yield RunOnAPhone(desk, folder, before, said)


def name_of(desk: PhoneOnADesk) -> str:
    return f"adb:{desk.phone.address}"


def over_adb(server: AdbServer) -> dict[str, str]:
    return {"ADB_SERVER_SOCKET": f"tcp:127.0.0.1:{server.port}"}


def device_folders(folder: Path) -> list[str]:
    """Of a run that has been planned, in the order of its `-d`."""
    wait_for((folder / "run.json").exists)
    return [device["folder"] for device in json.loads((folder / "run.json").read_text())["devices"]]


def outputs(folder: Path, device: str) -> dict[str, np.ndarray]:
    home = folder / "devices" / device
    return {str(path.relative_to(home)): np.load(path) for path in home.rglob("*.npy")}


def runners(folder: Path, device: str) -> set[str]:
    return {record.runner for record in records(folder, device) if record.record == "runner_started"}


def sessions(folder: Path, device: str) -> set[int]:
    return {record.session for record in records(folder, device)}


def records_there(desk: PhoneOnADesk) -> bytes:
    """What the runner has written on the phone, seen without a cable."""
    found = list(desk.phone.data_folder.glob("bakeoff/runs/*/records.jsonl"))
    return found[0].read_bytes() if found else b""


def assert_left_as_found(desk: PhoneOnADesk, settings_before: dict[str, str]) -> None:
    assert list(desk.phone.data_folder.glob("bakeoff/runs/*")) == []
    assert desk.phone.state.settings() == settings_before


def sessions_so_far(run: LongRun) -> set[int]:
    content = (run.folder / "devices" / run.device / "records.jsonl").read_bytes()
    return {json.loads(line)["session"] for line in content.splitlines(keepends=True) if line.endswith(b"\n")}


class LongRun:
    """Of the tiny experiment on one phone, long enough to have an accident in the middle of its latency pass."""

    def __init__(self, tiny: TinyExperiment, desk: PhoneOnADesk, home: Path) -> None:
        self.desk, self.folder, self._log = desk, home / "run", home / "log"
        self.pairs = tiny.measure["pairs"] = 50
        tiny.measure["block_ms"] = 40.0
        self._items = len(tiny.names)
        self.settings_before = desk.phone.state.settings()
        self._process: subprocess.Popen[bytes] = start(
            "run", tiny.write(), "-d", name_of(desk), "--out", self.folder, log=self._log, **over_adb(desk.server)
        )

    def wait_for_the_latency_pass(self) -> None:
        (self.device,) = device_folders(self.folder)
        wait_for(lambda: self.blocks_here() >= 6)
        assert self.blocks_here() < 2 * self.pairs
        assert self.is_kept_awake()

    def is_kept_awake(self) -> bool:
        settings = self.desk.phone.state.settings()
        return settings != self.settings_before and settings["global/stay_on_while_plugged_in"] == "15"

    def blocks_here(self) -> int:
        return blocks_in(self.folder, self.device)

    def kill_the_host(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log(self) -> str:
        return self._log.read_text()

    def ends_whole(self) -> None:
        assert self._process.wait(timeout=240) == 0, self.log()
        self.is_whole()

    def is_whole(self) -> None:
        assert_whole(self.folder, self._items, self.pairs, self.device)
        assert runners(self.folder, self.device) == {"native"}
        assert [device.status for device in comparison(self.folder).devices] == ["complete"]


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
    assert run_on_a_phone.desk.shell(f"ls -d {WORKDIR}/runs").text == f"{WORKDIR}/runs"
    assert_left_as_found(run_on_a_phone.desk, run_on_a_phone.settings_before)


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
        'metrics = ["psnr_y"]\n'
        '[[rules]]\nquantity = "psnr_y"\nno_worse_than = "3 dB"\n'
        '[[rules]]\nquantity = "model_size"\nimprove_by_at_least = "50 %"\n'
    )
    return path


def test_an_int8_model_gives_on_a_phone_bit_for_bit_what_it_gives_here(new_phone, tmp_path, workdir):
    desk = new_phone()
    experiment, folder = write_int8_experiment(tmp_path / "int8"), tmp_path / "run"
    done = bakeoff(
        "run", experiment, "-d", "local", "-d", name_of(desk), "--out", folder,
        BAKEOFF_LOCAL_WORKDIR=str(workdir), **over_adb(desk.server),
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    local, phone = device_folders(folder)
    for device in (local, phone):
        assert_whole(folder, 2, 3, device)
    assert runners(folder, local) == {"python"}
    assert runners(folder, phone) == {"native"}
    here, there = outputs(folder, local), outputs(folder, phone)
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
    names = [word for desk in desks for word in ("-d", name_of(desk))]
    before = [desk.phone.state.settings() for desk in desks]
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
        assert_left_as_found(desk, settings)


def test_with_the_cable_pulled_the_runner_works_on_and_the_host_catches_up(new_phone, tiny, tmp_path):
    run = LongRun(tiny, new_phone(), tmp_path)
    run.wait_for_the_latency_pass()
    run.desk.phone.unplug()
    wait_for(lambda: b'"runner_finished"' in records_there(run.desk))
    wait_for(lambda: "reconnecting" in run.log())
    assert run.blocks_here() < 2 * run.pairs
    run.desk.phone.plug_in()
    run.ends_whole()
    assert sessions(run.folder, run.device) == {0}
    assert_left_as_found(run.desk, run.settings_before)


def test_a_phone_that_reboots_in_the_latency_pass_is_gone_on_with(new_phone, tiny, tmp_path):
    run = LongRun(tiny, new_phone(faults=Faults(reboot_down_s=0.5)), tmp_path)
    run.wait_for_the_latency_pass()
    run.desk.phone.reboot()
    assert b'"runner_finished"' not in records_there(run.desk)
    wait_for(lambda: 1 in sessions_so_far(run))
    assert run.is_kept_awake()
    run.ends_whole()
    assert sessions(run.folder, run.device) == {0, 1}
    boots = {record.context.boot_id for record in records(run.folder, run.device) if record.record == "runner_started"}
    assert len(boots) == 2
    assert_left_as_found(run.desk, run.settings_before)


def test_a_run_on_a_phone_whose_host_is_killed_is_finished_by_resume(new_phone, tiny, tmp_path):
    run = LongRun(tiny, new_phone(), tmp_path)
    run.wait_for_the_latency_pass()
    run.kill_the_host()
    done = bakeoff("run", "--resume", run.folder, **over_adb(run.desk.server))
    assert done.exit_code == 0, done.stderr
    run.is_whole()
    assert sessions(run.folder, run.device) == {0}
    assert_left_as_found(run.desk, run.settings_before)


def test_an_arm64_phone_runs_the_arm64_runner_and_runtime(new_phone, tiny, tmp_path, finished_run):
    reason = missing_parts("arm64")
    if reason is not None:
        pytest.skip(reason)
    try:
        portable_libc("aarch64")
    except RuntimeNotAvailableError as missing:
        pytest.skip(str(missing))
    desk = new_phone(architecture="arm64", cores=4)
    tiny.names = tiny.names[:1]
    tiny.measure |= {"pairs": 2, "block_ms": 1.0, "memory_repeats": 1}
    folder = tmp_path / "run"
    done = bakeoff("run", tiny.write(), "-d", name_of(desk), "--out", folder, **over_adb(desk.server))
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
