"""The runner of each target really runs: Android's over a shim of its libc, other machines' under qemu.

This proves the runner's own part (entry point, declarations, arithmetic helpers, structures that cross to the kernel),
not Android's linker and libc: those need a phone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from devices.errors import DeviceError
from devices.libraries.runtime_library import runtime_library
from harness.documents.records import (
    ArmFailed,
    ArmLoaded,
    Context,
    LatencyBlock,
    MemoryMeasured,
    QualityOutput,
    RunnerFinished,
    RunnerStarted,
    StepSkipped,
)
from tests.devices.foreign_machine import MACHINES, command_for
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, of_kind
from tests.devices.runner_contract.conftest import add_all_passes

UNAME = {"aarch64": "aarch64", "arm64-v8a": "aarch64", "armv7": "armv7l", "armeabi-v7a": "armv7l", "x86_64": "x86_64"}


@pytest.fixture
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """A bench for the runner of `request.param`, whose workers are started the same way."""
    bench = Bench(tmp_path, command_for(request.param, tmp_path))
    bench.default_worker = bench.command
    return bench


def cpus_of_its_own(folder: Path) -> list[str]:
    """argv prefix that hides this machine's processors, which a runtime for another machine takes for its own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can give a program a view of /proc and /sys of its own")
    (folder / "cpus").mkdir()
    (folder / "cpuinfo").write_text(
        "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
        "CPU variant\t: 0x1\nCPU part\t: 0xd0d\nCPU revision\t: 1\n\n"
    )
    for name in ("possible", "present", "online"):
        (folder / "cpus" / name).write_text("0\n")
    script = 'mount --bind "$1/cpuinfo" /proc/cpuinfo; mount --bind "$1/cpus" /sys/devices/system/cpu; shift; exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", str(folder)]


@pytest.mark.parametrize("target", sorted(MACHINES))
def test_the_machines_state_is_read(target: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "proc").mkdir(parents=True)
    (root / "proc/loadavg").write_text("0.52 0.40 0.30 1/234 5678\n")
    (root / "proc/meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable:    12000000 kB\n")
    for zone, (kind, millidegrees) in enumerate((("cpu", "41234"), ("cpu", "-5000"), ("modem", "not ready"))):
        folder = root / f"sys/class/thermal/thermal_zone{zone}"
        folder.mkdir(parents=True)
        (folder / "type").write_text(f"{kind}\n")
        (folder / "temp").write_text(f"{millidegrees}\n")
    for cpu in (0, 1, 10):
        folder = root / f"sys/devices/system/cpu/cpu{cpu}/cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_cur_freq").write_text(f"{(cpu + 6) * 100000}\n")

    done = subprocess.run(
        [*command_for(target, tmp_path), "--context", str(root)], check=True, capture_output=True, timeout=60
    )

    context = Context.model_validate_json(done.stdout)
    assert context.monotonic_ns > 0
    assert context.load_1min == 0.52
    assert context.memory_available_bytes == 12000000 * 1024
    assert context.temperature_celsius == {"cpu": 41.234, "cpu (thermal_zone1)": -5.0}
    assert context.cpu_frequency_khz == [600000, 700000, 1600000]


@pytest.mark.parametrize("foreign", sorted(MACHINES), indirect=True)
def test_a_plan_is_walked_to_its_end_also_where_every_arm_fails(foreign: Bench) -> None:
    bench = foreign
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"), library=str(bench.folder / "no such library.so"))
    bench.add_item(np.zeros((1, 1, 8, 8), np.float32))
    add_all_passes(bench, pairs=2)
    bench.write_plan()

    records = bench.run()

    started, finished = records[0], records[-1]
    assert isinstance(started, RunnerStarted)
    target = Path(bench.command[-1]).parent.name.split("-", 1)[1].rpartition("-")[0]
    assert started.machine == UNAME[target]
    assert started.wall_time.startswith("20")
    (failed,) = of_kind(records, ArmFailed)
    assert (failed.stage, failed.error) == ("start", "OSError")
    assert "no such library.so" in failed.message
    assert [skipped.step for skipped in of_kind(records, StepSkipped)] == [0, 1, 2, 3, 4]
    assert isinstance(finished, RunnerFinished)
    assert finished.reason == "complete"
    assert len(bench.run()) == len(records)


@pytest.mark.parametrize("foreign", ["android-x86_64"], indirect=True)
def test_androids_runner_measures_both_arms_in_every_pass(foreign: Bench) -> None:
    import onnxruntime

    bench = foreign
    for seed in (0, 1):
        bench.add_arm(models.conv_onnx(bench.folder / f"conv{seed}.onnx", seed=seed))
    array = np.random.default_rng(0).random((1, 1, 8, 8), dtype=np.float32)
    bench.add_item(array)
    add_all_passes(bench, pairs=3)
    bench.write_plan()

    records = bench.run()

    assert not of_kind(records, ArmFailed)
    assert len(of_kind(records, LatencyBlock)) == 6
    for measured in of_kind(records, MemoryMeasured):
        assert measured.notes == []
        assert measured.run_peak_rss_bytes is not None
    for output in of_kind(records, QualityOutput):
        arm = next(arm for arm in bench.arms if arm.id == output.arm)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(arm.model, options, providers=["CPUExecutionProvider"])
        (expected,) = session.run(None, {"image": array})
        assert np.load(bench.folder / output.outputs[0].path).tobytes() == expected.tobytes()


@pytest.mark.parametrize("foreign", ["linux-aarch64", "android-arm64-v8a"], indirect=True)
def test_an_arm64_runner_drives_the_arm64_runtime_out_of_its_wheel(foreign: Bench) -> None:
    import onnxruntime

    bench = foreign
    try:
        library = runtime_library("onnxruntime", "1.32.0", "aarch64")
    except DeviceError as error:
        pytest.skip(f"onnxruntime's arm64 library cannot be had: {error}")
    bench.command = [*cpus_of_its_own(bench.folder), *bench.command]
    model = models.conv_onnx(bench.folder / "conv.onnx")
    bench.add_arm(model, library=str(library.path), runtime_version="1.32.0")
    array = np.random.default_rng(0).random((1, 1, 8, 8), dtype=np.float32)
    bench.quality("a0", bench.add_item(array))
    bench.write_plan(step_timeout_s=120)

    records = bench.run()

    assert not of_kind(records, ArmFailed)
    (loaded,) = of_kind(records, ArmLoaded)
    assert (loaded.runtime_version, loaded.notes) == ("1.32.0", [])
    (output,) = of_kind(records, QualityOutput)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"image": array})
    np.testing.assert_allclose(np.load(bench.folder / output.outputs[0].path), expected, atol=1e-5)


def test_the_arithmetic_that_armv7_lacks_is_right(tmp_path: Path) -> None:
    command = command_for("android-armeabi-v7a", tmp_path)
    loads = ["0.00", "0.01", "123.45", "98765.99"]
    said = []
    for load in loads:
        (tmp_path / "proc").mkdir(exist_ok=True)
        (tmp_path / "proc/loadavg").write_text(f"{load} 0 0 1/1 1\n")
        done = subprocess.run([*command, "--context", str(tmp_path)], check=True, capture_output=True, timeout=120)
        said.append(json.loads(done.stdout)["load_1min"])

    assert said == [float(load) for load in loads]
