"""What is the python runner's own: one file, any Python, real runtimes, and a worker's streams kept apart."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.python_runner.bundle import bundle_bytes
from devices.python_runner.machine import ContextReader
from devices.python_runner.progress import Progress
from harness.documents.plan import EnergyOptions, GateCondition
from harness.documents.records import (
    ArmFailed,
    ArmLoaded,
    Context,
    EnergyBlock,
    LatencyBlock,
    MemoryMeasured,
    QualityOutput,
    SoakWindow,
)
from harness.models.tensor_info import TensorInfo
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench, of_kind
from tests.devices.runner_contract.conftest import add_all_passes
from tests.devices.runner_contract.models import image

RUNNER = Path(RUNNERS["python"]()[-1])
SHARED = Path(__file__).parents[3] / ".." / "shared"
SUBPIXEL_CNN = SHARED / "models" / "subpixel_cnn_x3.onnx"
EXAMPLES = Path(__file__).parents[3] / "examples" / "models"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, RUNNERS["python"]())


# One file, any Python


def test_the_bundle_is_python_3_8_and_imports_nothing_but_itself() -> None:
    with zipfile.ZipFile(RUNNER) as archive:
        held = archive.namelist()
        trees = [ast.parse(archive.read(name), feature_version=(3, 8)) for name in held]
    imported = {
        name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    folders = {name.rpartition("/")[0].replace("/", ".") for name in held} - {"", "devices"}
    others = {name.split(".")[0] for name in imported if not any(f"{name}.".startswith(f"{own}.") for own in folders)}
    assert others - set(sys.stdlib_module_names) == {"numpy", "onnxruntime"}


def test_the_bundle_needs_no_zlib_and_is_the_same_every_time() -> None:
    with zipfile.ZipFile(RUNNER) as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
    assert bundle_bytes() == RUNNER.read_bytes() == bundle_bytes()


def test_the_conductor_needs_the_standard_library_only(bench: Bench) -> None:
    bench.command = [sys.executable, "-I", "-S", str(RUNNER)]
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"))
    bench.quality("a0", bench.add_item(image(8, 8)))
    bench.write_plan()

    assert len(of_kind(bench.run(), QualityOutput)) == 1


def test_a_board_with_python_3_8_can_conduct_workers_of_a_newer_one(bench: Bench) -> None:
    python = shutil.which("python3.8")
    if python is None or subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode:
        pytest.skip("no working python3.8 on PATH: install it (for example with pyenv or uv) to run this test")
    bench.command = [python, str(RUNNER)]
    for seed in (0, 1):
        bench.add_arm(models.conv_onnx(bench.folder / f"conv{seed}.onnx", seed=seed))
    bench.add_item(image(8, 8))
    add_all_passes(bench, pairs=2)
    bench.energy_cycle(0, ["a0", None, "a1"], "i0", duration_ms=20)
    bench.soak("a0", "i0", duration_ms=20, window_ms=10)
    bench.command_probe("says", "echo", "7")
    bench.memory_probes = bench.soak_probes = ["says"]
    bench.energy_options = EnergyOptions(boundary_probes=["says"], sampled_probes=["says"], sample_every_ns=5_000_000)
    for of_pass in ("latency", "memory", "energy"):
        bench.gate(of_pass, GateCondition(id="seven", probe="says", at_most=7), others_busy_cores_at_most=1e9)
    bench.write_plan(reference_target_ns=1_000_000)

    records = bench.run()

    blocks = of_kind(records, LatencyBlock)
    assert [block.gate.failed for block in blocks if block.gate is not None] == [[]] * 4
    assert all(len(block.reference_ns) == 3 for block in blocks)
    assert len(of_kind(records, EnergyBlock)) == 3
    assert len(of_kind(records, SoakWindow)) == 2
    assert {loaded.interpreter for loaded in of_kind(records, ArmLoaded)} == {f"CPython {sys.version.split()[0]}"}


def test_a_file_beside_the_runner_does_not_stand_in_for_a_module(bench: Bench) -> None:
    beside = bench.folder / "pushed"
    beside.mkdir()
    (beside / "numpy.py").write_text("raise RuntimeError('the wrong numpy')")
    shutil.copy(RUNNER, beside / "runner")
    bench.command = [sys.executable, str(beside / "runner")]
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"))
    bench.quality("a0", bench.add_item(image(8, 8)))
    bench.write_plan()

    assert len(of_kind(bench.run(), QualityOutput)) == 1


def test_wrong_usage_is_said_and_ends_with_2() -> None:
    for arguments in ([], ["plan.json"], ["--describe", "model.onnx"]):
        completed = subprocess.run([sys.executable, str(RUNNER), *arguments], check=False, capture_output=True)
        assert completed.returncode == 2
        assert b"usage" in completed.stderr


# Workers


NOISY = """
import os, runpy, sys, threading, time
def shout():
    while True:
        os.write(1, b'{"noise": tru\\n')
        os.write(2, b"the runtime says something\\n")
        time.sleep(0.001)
os.write(1, b"Welcome to this wrapper\\n")
sys.argv = sys.argv[1:]
threading.Timer(0.2, shout).start()
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_a_runtime_that_prints_to_stdout_breaks_nothing(bench: Bench) -> None:
    wrapper = bench.folder / "noisy.py"
    wrapper.write_text(NOISY)
    for seed in (0, 1):
        bench.add_arm(models.conv_onnx(bench.folder / f"conv{seed}.onnx"), worker=[sys.executable, str(wrapper)])
    bench.add_item(image(8, 8))
    add_all_passes(bench, pairs=10)
    bench.write_plan()

    records = bench.run()

    assert len(of_kind(records, LatencyBlock)) == 20
    assert not of_kind(records, ArmFailed)
    log = bench.log_path.read_text()
    assert "Welcome to this wrapper" in log
    assert '{"noise": tru' in log
    assert "the runtime says something" in log


def test_a_python_without_numpy_fails_its_arm_by_the_module_s_name(bench: Bench) -> None:
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"), worker=[sys.executable, "-I", "-S"])
    bench.quality("a0", bench.add_item(image(8, 8)))
    bench.write_plan()

    (failed,) = of_kind(bench.run(), ArmFailed)

    assert (failed.stage, failed.error) == ("start", "ModuleNotFoundError")
    assert "numpy" in failed.message


# TensorFlow Lite


def direct_tflite(model: Path, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model), num_threads=1)
    (details,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(details["index"], array.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(details["index"], array)
    interpreter.invoke()
    result: np.ndarray[Any, Any] = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return result


def test_tflite_outputs_are_bit_for_bit_those_of_the_interpreter_for_items_of_any_size(bench: Bench) -> None:
    model = models.conv_tflite(bench.folder / "conv.tflite")
    bench.add_arm(model, "ai-edge-litert", input_shapes={"image": [1, 8, 8, 1]})
    arrays = [
        image(8, 8, channels_last=True),
        image(12, 20, channels_last=True),
        image(8, 8, channels_last=True, seed=1),
    ]
    for array in arrays:
        bench.quality("a0", bench.add_item(array))
    bench.memory("a0", "i0")
    bench.write_plan()

    records = bench.run()

    outputs = of_kind(records, QualityOutput)
    assert len(outputs) == 3
    for record, array in zip(outputs, arrays, strict=True):
        kept = np.load(bench.folder / record.outputs[0].path)
        assert kept.tobytes() == direct_tflite(model, array).tobytes()
    loaded = of_kind(records, ArmLoaded)[0]
    assert loaded.inputs == [TensorInfo(name="image", dtype="float32", shape=[1, -1, -1, 1])]
    assert loaded.settings["num_threads"] == "1"
    assert len(of_kind(records, MemoryMeasured)) == 1


@pytest.mark.parametrize(("with_reverse", "delegated", "total"), [(False, 1, 1), (True, 1, 2)])
def test_how_many_nodes_a_delegate_took_is_on_record(
    bench: Bench, with_reverse: bool, delegated: int, total: int
) -> None:
    model = models.conv_tflite(bench.folder / "conv.tflite", with_reverse=with_reverse)
    bench.add_arm(model, "ai-edge-litert", input_shapes={"image": [1, 8, 8, 1]})
    bench.quality("a0", bench.add_item(image(8, 8, channels_last=True)))
    bench.write_plan()

    (loaded,) = of_kind(bench.run(), ArmLoaded)

    assert (loaded.delegated_nodes, loaded.total_nodes) == (delegated, total)


def test_tflite_models_that_cannot_be_loaded_and_inputs_that_do_not_fit_fail_in_words(bench: Bench) -> None:
    whole = models.conv_tflite(bench.folder / "conv.tflite")
    bench.add_arm(models.truncated(bench.folder / "short.tflite", whole), "ai-edge-litert")
    bench.add_arm(whole, "ai-edge-litert", input_shapes={"picture": [1, 8, 8, 1]})
    bench.add_arm(whole, "ai-edge-litert", input_shapes={"image": [1, 8, 8, 1]})
    bench.add_arm(whole, "ai-edge-litert")
    bench.items["i0"] = {}
    item = bench.add_item_per_arm(
        {
            "a0": image(8, 8, channels_last=True),
            "a1": image(8, 8, channels_last=True),
            "a2": np.zeros((1, 8, 8, 3), np.float32),
            "a3": np.zeros((1, 8, 8, 1), np.uint8),
        }
    )
    for arm in bench.arms:
        bench.quality(arm.id, item)
    bench.write_plan()

    failed = {record.arm: record for record in of_kind(bench.run(), ArmFailed)}

    assert [failed[arm].stage for arm in ("a0", "a1", "a2", "a3")] == ["load", "load", "quality", "quality"]
    assert "flatbuffer" in failed["a0"].message.lower()
    assert "'picture'" in failed["a1"].message
    assert "[1, 8, 8, 3]" in failed["a2"].message
    assert "uint8" in failed["a3"].message


@pytest.fixture(scope="session")
def tflite_runtime_python() -> Path:
    """An environment with tflite-runtime 2.14.0, made once and kept: it needs numpy < 2 and Python 3.9 to 3.11."""
    cache = Path(os.environ.get("BAKEOFF_TEST_CACHE") or Path.home() / ".cache" / "bakeoff-tests")
    folder = cache / f"tflite-runtime-2.14.0-py{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "tflite-runtime==2.14.0", "numpy<2"]
        completed = subprocess.run(install, check=False, capture_output=True, text=True)
        if completed.returncode:
            pytest.skip(
                f"pip cannot install tflite-runtime==2.14.0 here (Python 3.9–3.11 only): {completed.stderr[-300:]}"
            )
        (folder / "complete").touch()
    return python


def test_arms_of_two_runtimes_and_two_environments_run_side_by_side(bench: Bench, tflite_runtime_python: Path) -> None:
    model = models.conv_tflite(bench.folder / "conv.tflite")
    shapes = {"image": [1, 16, 16, 1]}
    bench.add_arm(model, "ai-edge-litert", input_shapes=shapes)
    bench.add_arm(
        model,
        "tflite-runtime",
        runtime_version="2.14.0",
        worker=[str(tflite_runtime_python)],
        input_shapes=shapes,
    )
    bench.add_item(image(16, 16, channels_last=True))
    add_all_passes(bench, pairs=3)
    bench.write_plan()

    records = bench.run()

    assert not of_kind(records, ArmFailed)
    loaded = {record.arm: record for record in of_kind(records, ArmLoaded)}
    assert (loaded["a1"].runtime_version, loaded["a1"].notes) == ("2.14.0", [])
    assert (loaded["a1"].delegated_nodes, loaded["a1"].total_nodes) == (1, 1)
    assert len(of_kind(records, LatencyBlock)) == 6
    mine, theirs = (np.load(bench.folder / record.outputs[0].path) for record in of_kind(records, QualityOutput))
    np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.parametrize("model", sorted(EXAMPLES.glob("sr_x2_*.tflite")), ids=lambda model: model.name)
def test_an_example_model_runs_and_its_quantisation_is_reported(bench: Bench, model: Path) -> None:
    described = json.loads(describe(model, "ai-edge-litert").stdout)
    (tensor,) = (TensorInfo.model_validate(info) for info in described["inputs"])
    shape = [size if isinstance(size, int) and size > 0 else 24 for size in tensor.shape]
    values = np.random.default_rng(0).random(shape)
    array = values.astype(tensor.dtype) if tensor.scale is None else (values * 100).astype(tensor.dtype)
    bench.add_arm(model, "ai-edge-litert", input_shapes={tensor.name: shape})
    bench.quality("a0", bench.add_item(array))
    bench.write_plan()

    records = bench.run()

    assert not of_kind(records, ArmFailed)
    (loaded,) = of_kind(records, ArmLoaded)
    for info in (*loaded.inputs, *loaded.outputs):
        assert (info.scale is not None) == (np.dtype(info.dtype).kind in "iu")
        assert (info.scale is None) == (info.zero_point is None)
    (output,) = of_kind(records, QualityOutput)
    assert np.load(bench.folder / output.outputs[0].path).tobytes() == direct_tflite(model, array).tobytes()


def test_a_real_super_resolution_network_gives_the_runtimes_own_result(bench: Bench) -> None:
    if not SUBPIXEL_CNN.exists():
        pytest.skip(f"{SUBPIXEL_CNN} is absent: it is the ONNX model zoo's super-resolution-10.onnx")
    import onnxruntime

    array = image(224, 224)
    bench.add_arm(SUBPIXEL_CNN)
    bench.quality("a0", bench.add_item(array))
    bench.write_plan()

    (output,) = of_kind(bench.run(), QualityOutput)

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(SUBPIXEL_CNN), options, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"input": array})
    assert np.load(bench.folder / output.outputs[0].path).tobytes() == expected.tobytes()
    assert output.outputs[0].shape == [1, 1, 672, 672]


# Describing a model


def describe(model: Path, runtime: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(RUNNER), "--describe", str(model), "--runtime", runtime]
    return subprocess.run(argv, check=False, capture_output=True, text=True)


def test_describe_prints_inputs_and_outputs_as_one_json_object(tmp_path: Path) -> None:
    completed = describe(models.add_onnx(tmp_path / "a model with spaces.onnx"), "onnxruntime")

    assert completed.returncode == 0
    described = json.loads(completed.stdout)
    assert [TensorInfo.model_validate(info).name for info in described["inputs"]] == ["left", "right"]
    assert [TensorInfo.model_validate(info).dtype for info in described["outputs"]] == ["float32", "int64"]
    assert described["runtime"] == "onnxruntime"


@pytest.mark.parametrize("runtime", ["onnxruntime", "ai-edge-litert", "tflite-runtime"])
def test_describe_says_in_json_why_it_cannot(tmp_path: Path, runtime: str) -> None:
    model = tmp_path / "not a model"
    model.write_bytes(b"neither flatbuffer nor protobuf")

    completed = describe(model, runtime)

    assert completed.returncode == 1
    said = json.loads(completed.stdout)
    assert set(said) == {"error", "message", "stage"}
    installed = importlib.util.find_spec(runtime.replace("-", "_")) is not None
    assert said["stage"] == ("load" if installed else "start")


def test_describe_says_that_it_was_the_runtime_that_did_not_start(tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('libGL.so.1: no such file')\n")
    argv = [sys.executable, str(RUNNER), "--describe", str(tmp_path / "any.onnx"), "--runtime", "onnxruntime"]

    done = subprocess.run(argv, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, check=False)

    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said == {"error": "ImportError", "message": "libGL.so.1: no such file", "stage": "start"}


# The state of the machine


def write(root: Path, path: str, content: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def test_the_machines_state_is_read_from_proc_and_sys(tmp_path: Path) -> None:
    write(tmp_path, "proc/loadavg", "0.52 0.40 0.30 1/234 5678\n")
    write(tmp_path, "proc/meminfo", "MemTotal: 4000 kB\nMemAvailable:    3000 kB\n")
    write(tmp_path, "proc/sys/kernel/random/boot_id", "5e-b0\n")
    # user nice system idle iowait irq softirq steal guest guest_nice: the last two are in the first two already.
    write(tmp_path, "proc/stat", "cpu  100 20 30 4000 500 6 7 8 90 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n")
    for cpu, khz in ((0, 600000), (1, 1800000), (10, 2400000)):
        write(tmp_path, f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq", f"{khz}\n")
    for policy, governor in ((0, "schedutil"), (4, "performance")):
        write(tmp_path, f"sys/devices/system/cpu/cpufreq/policy{policy}/scaling_governor", f"{governor}\n")
    for zone, (kind, millidegrees) in enumerate((("cpu", "41234"), ("cpu", "-5000"), ("modem", "not ready"))):
        write(tmp_path, f"sys/class/thermal/thermal_zone{zone}/type", f"{kind}\n")
        write(tmp_path, f"sys/class/thermal/thermal_zone{zone}/temp", f"{millidegrees}\n")
    reader = ContextReader(tmp_path)

    context = Context.model_validate(reader.read())

    assert context.load_1min == 0.52
    assert context.memory_available_bytes == 3000 * 1024
    assert context.boot_id == "5e-b0"
    assert context.cpu_busy_ticks == 100 + 20 + 30 + 6 + 7 + 8
    assert context.cpu_total_ticks == context.cpu_busy_ticks + 4000 + 500
    assert context.cpu_frequency_khz == [600000, 1800000, 2400000]
    assert context.governor == "performance+schedutil"
    assert context.temperature_celsius == {"cpu": 41.234, "cpu (thermal_zone1)": -5.0}
    write(tmp_path, "proc/loadavg", "9.99 0.40 0.30 1/234 5678\n")
    assert reader.read()["load_1min"] == 9.99


def test_what_the_machine_does_not_say_is_null(tmp_path: Path) -> None:
    context = Context.model_validate(ContextReader(tmp_path).read())

    assert (context.load_1min, context.cpu_frequency_khz, context.governor, context.boot_id) == (None,) * 4
    assert context.memory_available_bytes is None
    assert (context.cpu_busy_ticks, context.cpu_total_ticks) == (None, None)
    assert context.temperature_celsius == {}


def test_this_machines_state_is_a_valid_context() -> None:
    context = Context.model_validate(ContextReader().read())

    assert context.load_1min is not None
    assert context.boot_id is not None


# What is done


def test_the_latency_pass_of_earlier_sessions_counts_towards_its_bound() -> None:
    past = [
        {"record": kind, "step": 4, "session": session, "monotonic_ns": stamp, "arm": "a0", "block_inferences": 9}
        for session, stamps in ((0, (100, 150, 190)), (1, (5, 25)))
        for kind, stamp in zip(("warm_up_block", "warm_up_done", "latency_block"), stamps, strict=False)
    ]

    assert Progress(past).latency_elapsed_ns == 90 + 20
