"""Accelerators and cores from experiment.toml to the report, on this machine and its software GPU."""

import json
import os
import platform
import shutil
from pathlib import Path

import numpy as np
import pytest

from devices.build.native_build import target_for_machine
from tests.devices.software_gpu import software_gpu
from tests.harness.commands.test_run import run
from tests.harness.warning_texts import texts
from tests.rig.command import bakeoff
from tests.rig.phone import AdbServer, StandInPhone
from tests.rig.phone.phone import missing_parts
from tests.rig.run_watch import assert_whole, comparison, records
from tests.rig.tiny_experiment import write_pictures

EXAMPLES = Path(__file__).parents[3] / "examples" / "models"
HERE = sorted(os.sched_getaffinity(0))
NATIVE = pytest.mark.skipif(target_for_machine(platform.machine()) is None, reason="no native runner for this machine")


@NATIVE
def test_cores_reach_the_worker_and_the_report_says_them(tiny, workdir, tmp_path):
    tiny.names = tiny.names[:2]
    tiny.measure |= {"pairs": 2, "memory_repeats": 1}
    tiny.candidate_settings = [f"cores = [{HERE[-1]}]"]
    folder, done = run(tiny, workdir, tmp_path, "--runner", "native")

    assert done.exit_code == 0, done.stderr
    assert_whole(folder, len(tiny.names), tiny.measure["pairs"])
    loaded = {record.arm: record for record in records(folder) if record.record == "arm_loaded"}
    assert loaded["a0"].cores is None
    assert loaded["a1"].cores == [HERE[-1]]
    result = comparison(folder)
    assert result.arms[1].differs_in == ["model", "cores"]
    assert result.arms[1].cores == result.devices[0].arms[1].cores == str(HERE[-1])
    assert f"on cores {HERE[-1]}" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_core_that_the_device_has_not_is_said_before_anything_is_measured(tiny, workdir):
    tiny.candidate_settings = ["cores = [999]"]
    done = bakeoff("check", tiny.write(), "-d", "local", BAKEOFF_LOCAL_WORKDIR=str(workdir))

    assert done.exit_code != 0
    assert "has no core 999" in done.stderr


def test_an_accelerator_that_the_devices_runtime_has_not_is_said_when_checked(tiny, workdir):
    tiny.candidate_settings = ['accelerator = "xnnpack"']
    done = bakeoff("check", tiny.write(), "-d", "local", BAKEOFF_LOCAL_WORKDIR=str(workdir))

    assert done.exit_code != 0
    assert "has no XnnpackExecutionProvider" in done.stderr
    assert "CPUExecutionProvider" in done.stderr


@pytest.fixture
def phone(tmp_path):
    """Arguments and environment for `bakeoff` to reach a stand-in phone, which has no C library."""
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    with AdbServer(tmp_path / "adb") as server, StandInPhone() as standing_in:
        if not standing_in.confined:
            pytest.skip("this phone is a plain directory: run the tests as root for one with namespaces")
        standing_in.connect(server)
        yield ["-d", f"adb:{standing_in.address}"], {"ADB_SERVER_SOCKET": f"tcp:127.0.0.1:{server.port}"}


def test_a_phones_big_cores_are_those_of_its_own_clocks(tiny, phone):
    arguments, environment = phone
    tiny.candidate_settings = ['cores = "big"']
    done = bakeoff("check", tiny.write(), *arguments, **environment)
    assert done.exit_code == 0, done.stderr
    assert "on cores big" in done.stdout


def test_a_phone_that_needs_a_c_library_brought_along_has_its_cpu_only(tiny, phone):
    arguments, environment = phone
    tiny.candidate_settings = ['accelerator = "xnnpack"']
    done = bakeoff("check", tiny.write(), *arguments, **environment)
    assert done.exit_code != 0
    assert "runs on the CPU only" in done.stderr


def litert_experiment(folder: Path) -> Path:
    """One model of the examples on the CPU and on the GPU."""
    folder.mkdir()
    shutil.copy(EXAMPLES / "sr_x2_fp32.tflite", folder / "model.tflite")
    write_pictures(folder, ["one", "two"])
    arm = 'model = "model.tflite"\nruntime = "ai-edge-litert"\n'
    path = folder / "experiment.toml"
    path.write_text(f"""
name = "CPU against GPU"
question = "Does the GPU pay?"
[data]
inputs = "lr"
references = "hr"
scale = 2
[[arms]]
name = "cpu"
role = "baseline"
{arm}
[[arms]]
name = "gpu"
role = "candidate"
accelerator = "gpu"
accelerator_options = {{ precision = "2" }}
{arm}
[measure]
pairs = 2
block_ms = 1
block_min_inferences = 1
warm_up_max_blocks = 3
memory_repeats = 1
memory_inferences = 1
gates.max_wait_s = 0.0
metrics = ["psnr"]
[[rules]]
quantity = "psnr"
no_worse_than = "0.1 dB"
""")
    return path


@NATIVE
def test_a_gpu_is_compared_with_the_cpu(workdir, tmp_path):
    gpu = software_gpu(tmp_path)
    experiment = litert_experiment(tmp_path / "desk")
    done = bakeoff(
        "run", experiment, "--out", tmp_path / "run", "-d", "local", "--runner", "native",
        BAKEOFF_LOCAL_WORKDIR=str(workdir), **gpu,
    )  # fmt: skip

    assert done.exit_code == 0, done.stderr
    result = comparison(tmp_path / "run")
    (device,) = result.devices
    assert result.arms[1].differs_in == ["accelerator", "accelerator options"]
    assert (device.arms[1].accelerator, device.arms[0].accelerator) == ("gpu", "cpu")
    assert device.arms[1].delegated == "11 of 11 nodes"
    assert not any("fell back" in warning or "unknown" in warning for warning in texts(device.warnings))
    outputs = {arm: np.load(next((tmp_path / "run").glob(f"devices/*/outputs/{arm}/i0.0.npy"))) for arm in ("a0", "a1")}
    np.testing.assert_allclose(outputs["a1"], outputs["a0"], atol=1e-4)
    plan = json.loads(next((tmp_path / "run").glob("devices/*/plan.json")).read_text())
    assert Path(plan["arms"][1]["accelerator_library"]).name == "libLiteRtWebGpuAccelerator.so"
