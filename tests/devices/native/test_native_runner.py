"""What is the native runner's own: small, drives runtimes' own libraries, and gives what the python runner gives."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from devices.errors import RuntimeNotAvailableError
from devices.libraries.runtime_library import pinned_wheels, runtime_library
from harness.documents.records import ArmFailed, ArmLoaded, Context, LatencyBlock, MemoryMeasured, QualityOutput, Record
from harness.models.tensor_info import TensorInfo
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench, of_kind
from tests.devices.runner_contract.conftest import add_all_passes
from tests.devices.runner_contract.models import image
from tests.devices.runner_contract.native import library_of, library_version, native_runner

EXAMPLES = Path(__file__).parents[3] / "examples" / "models"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, RUNNERS["native"]())


def kept(bench: Bench, records: list[Record]) -> list[bytes]:
    return [np.load(bench.folder / output.outputs[0].path).tobytes() for output in of_kind(records, QualityOutput)]


# The runner


def test_before_a_runtime_is_opened_it_takes_less_than_2_mb() -> None:
    worker = subprocess.Popen([str(native_runner()), "--worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(b'{"do":"memory"}\n')
    worker.stdin.flush()
    answer = json.loads(worker.stdout.readline())
    worker.stdin.close()

    assert worker.wait(120) == 0
    assert 0 < answer["rss_bytes"] < 2_000_000
    assert answer["notes"] == []


def test_wrong_usage_is_said_and_ends_with_2() -> None:
    for arguments in ([], ["plan.json"], ["--describe", "model.onnx"], ["--frobnicate", "x"], ["a", "b", "c"]):
        completed = subprocess.run([str(native_runner()), *arguments], check=False, capture_output=True)
        assert completed.returncode == 2
        assert b"usage" in completed.stderr


def test_a_request_that_is_none_is_answered_with_an_error_and_the_worker_lives_on() -> None:
    worker = subprocess.run(
        [str(native_runner()), "--worker"],
        input=b'{"do":"memory"}\n',
        capture_output=True,
        check=True,
    )
    assert b"rss_bytes" in worker.stdout
    process = subprocess.Popen([str(native_runner()), "--worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for request in (b"nonsense", b"{}", b'{"do":"levitate"}', b'{"do":"load"}', b'{"do":"block","count":-1}'):
        process.stdin.write(request + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["error"] == "ValueError"
    process.stdin.close()
    assert process.wait(120) == 0


def test_a_worker_may_be_started_through_a_loader_that_greets(bench: Bench) -> None:
    wrapper = ["/bin/sh", "-c", 'echo "Welcome"; exec "$0" "$@"', str(native_runner())]
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"), worker=wrapper)
    bench.quality("a0", bench.add_item(image(8, 8)))
    bench.write_plan()

    assert len(of_kind(bench.run(), QualityOutput)) == 1
    assert "Welcome" in bench.log_path.read_text()


@pytest.mark.parametrize("library", ["/nonexistent/lib.so", "/etc/passwd", "libm.so.6"])
def test_a_library_that_is_no_runtime_fails_in_words(bench: Bench, library: str) -> None:
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"), library=library)
    bench.quality("a0", bench.add_item(image(8, 8)))
    bench.write_plan()

    (failed,) = of_kind(bench.run(), ArmFailed)

    assert (failed.stage, failed.error) == ("start", "OSError")
    assert library in failed.message


def test_a_plan_without_a_library_says_that_it_is_missing(bench: Bench) -> None:
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"))
    bench.quality("a0", bench.add_item(image(8, 8)))
    bench.arms[0] = bench.arms[0].model_copy(update={"library": None})
    bench.write_plan()

    (failed,) = of_kind(bench.run(), ArmFailed)

    assert failed.stage == "start"
    assert "names no library" in failed.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a .npy file"),
        (b"\x93NUMPY\x01\x00\x40\x00{'descr': '<f4',", "ends in its .npy header"),
        (b"\x93NUMPY\x01\x00\x02\x00{}", "incomplete"),
    ],
)
def test_an_input_that_is_damaged_fails_in_words(bench: Bench, content: bytes, said: str) -> None:
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"))
    item = bench.add_item(image(8, 8))
    Path(bench.items[item]["a0"][0]).write_bytes(content)
    bench.quality("a0", item)
    bench.write_plan()

    (failed,) = of_kind(bench.run(), ArmFailed)

    assert (failed.stage, failed.error) == ("quality", "ValueError")
    assert said in failed.message


def test_an_input_cut_short_in_another_order_or_absent_fails_in_words(bench: Bench) -> None:
    said = []
    for k in range(3):
        bench.add_arm(models.conv_onnx(bench.folder / f"conv{k}.onnx"))
    item = bench.add_item_per_arm({"a0": image(8, 8), "a1": image(8, 8), "a2": image(8, 8)})
    short, turned, absent = (Path(bench.items[item][arm][0]) for arm in ("a0", "a1", "a2"))
    short.write_bytes(short.read_bytes()[:-1])
    np.save(turned, np.asfortranarray(image(8, 9)[0, 0]))
    absent.unlink()
    for arm in ("a0", "a1", "a2"):
        bench.quality(arm, item)
    bench.write_plan()

    said = [failed.message for failed in of_kind(bench.run(), ArmFailed)]

    assert "cut short" in said[0]
    assert "not in C order" in said[1]
    assert str(absent) in said[2]


# ONNX Runtime

DTYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "float64": TensorProto.DOUBLE,
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
}


@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_tensors_of_every_type_go_through_bit_for_bit(bench: Bench, dtype: str) -> None:
    path = bench.folder / "identity.onnx"
    info = [helper.make_tensor_value_info(name, DTYPES[dtype], ["n", 3]) for name in ("left", "right")]
    graph = helper.make_graph([helper.make_node("Identity", ["left"], ["right"])], "same", info[:1], info[1:])
    opset = [helper.make_opsetid("", 13)]
    path.write_bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())
    bench.add_arm(path)
    array = np.arange(6).reshape(2, 3).astype(dtype)
    bench.quality("a0", bench.add_item(array))
    bench.write_plan()

    records = bench.run()

    (loaded,) = of_kind(records, ArmLoaded)
    assert loaded.inputs == [TensorInfo(name="left", dtype=dtype, shape=["n", 3])]
    (output,) = of_kind(records, QualityOutput)
    result = np.load(bench.folder / output.outputs[0].path)
    assert (result.dtype, result.shape) == (np.dtype(dtype), (2, 3))
    assert result.tobytes() == array.tobytes()


def test_files_of_the_runner_are_those_that_numpy_writes(bench: Bench) -> None:
    bench.add_arm(models.add_onnx(bench.folder / "add.onnx"))
    left = np.arange(6, dtype=np.float32).reshape(2, 3)
    bench.quality("a0", bench.add_item(left, left))
    bench.write_plan()

    (record,) = of_kind(bench.run(), QualityOutput)

    for file in record.outputs:
        path = bench.folder / file.path
        again = bench.folder / "again.npy"
        np.save(again, np.load(path))
        assert path.read_bytes() == again.read_bytes()
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256


@pytest.mark.parametrize("name", ["sr_x2_fp32.onnx", "sr_x2_int8.onnx"])
def test_both_runners_give_the_same_outputs_bit_for_bit(tmp_path: Path, name: str) -> None:
    outputs, sizes = {}, {}
    array = np.random.default_rng(0).random((1, 3, 24, 32), dtype=np.float32)
    for runner in ("native", "python"):
        folder = tmp_path / runner
        folder.mkdir()
        bench = Bench(folder, RUNNERS[runner]())
        bench.add_arm(EXAMPLES / name)
        bench.quality("a0", bench.add_item(array))
        bench.memory("a0", "i0")
        bench.write_plan()
        records = bench.run()
        assert not of_kind(records, ArmFailed)
        outputs[runner] = kept(bench, records)
        (sizes[runner],) = of_kind(records, MemoryMeasured)

    assert outputs["native"] == outputs["python"]
    # Not the proportional share: other processes that share Python's libraries make that one smaller.
    for size in ("before_load_rss_bytes", "load_peak_rss_bytes", "run_peak_rss_bytes"):
        assert getattr(sizes["native"], size) < getattr(sizes["python"], size)


# LiteRT


@pytest.fixture
def litert() -> str:
    library = library_of("ai-edge-litert")
    assert library is not None
    return library_version("ai-edge-litert")


def add_litert_arm(bench: Bench, model: Path, version: str, **fields: Any) -> str:
    return bench.add_arm(model, "ai-edge-litert", runtime_version=version, **fields)


def test_litert_walks_every_pass_with_items_of_any_size(bench: Bench, litert: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert: its schema writes the test's models")
    model = models.conv_tflite(bench.folder / "conv.tflite")
    add_litert_arm(bench, model, litert, input_shapes={"image": [1, 8, 8, 1]})
    add_litert_arm(bench, model, litert)
    arrays = [
        image(8, 8, channels_last=True),
        image(12, 20, channels_last=True),
        image(8, 8, channels_last=True, seed=1),
    ]
    for array in arrays:
        bench.add_item(array)
    add_all_passes(bench, pairs=3)
    bench.write_plan()

    records = bench.run()

    assert not of_kind(records, ArmFailed)
    assert len(of_kind(records, LatencyBlock)) == 6
    assert len(of_kind(records, MemoryMeasured)) == 2
    expected = [direct_tflite(model, array) for array in arrays for _ in bench.arms]
    assert kept(bench, records) == expected
    loaded = of_kind(records, ArmLoaded)[0]
    assert loaded.settings["num_threads"] == "1"
    assert (loaded.delegated_nodes, loaded.total_nodes) == (1, 1)
    assert loaded.inputs[0].name == "image"


def direct_tflite(model: Path, array: np.ndarray[Any, Any]) -> bytes:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model), num_threads=1)
    (details,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(details["index"], array.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(details["index"], array)
    interpreter.invoke()
    return bytes(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).tobytes())


def test_a_graph_that_is_not_wholly_delegated_is_said_to_be_so(bench: Bench, litert: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert: its schema writes the test's models")
    model = models.conv_tflite(bench.folder / "conv.tflite", with_reverse=True)
    add_litert_arm(bench, model, litert, input_shapes={"image": [1, 8, 8, 1]})
    bench.quality("a0", bench.add_item(image(8, 8, channels_last=True)))
    bench.write_plan()

    (loaded,) = of_kind(bench.run(), ArmLoaded)

    assert loaded.settings["fully_accelerated"] == "false"
    assert (loaded.delegated_nodes, loaded.total_nodes) == (None, 2)


@pytest.mark.parametrize("runtime", ["onnxruntime", "ai-edge-litert"])
def test_describe_says_whether_it_was_the_library_or_the_model(tmp_path: Path, runtime: str) -> None:
    broken, model, library = tmp_path / "libbroken.so", tmp_path / "no model", library_of(runtime)
    broken.write_bytes(b"no library")
    model.write_bytes(b"neither flatbuffer nor protobuf")

    def refused(path: str) -> dict[str, str]:
        argv = [str(native_runner()), "--describe", str(model), "--runtime", runtime, "--library", path]
        done = subprocess.run(argv, capture_output=True, check=False)
        assert done.returncode == 1
        said: dict[str, str] = json.loads(done.stdout)
        return said

    assert library is not None
    assert (refused(str(broken))["stage"], refused(library)["stage"]) == ("start", "load")


@pytest.mark.parametrize("name", ["sr_x2_fp32.tflite", "sr_x2_int8.tflite"])
def test_an_example_model_runs_in_litert_and_its_quantisation_is_reported(bench: Bench, litert: str, name: str) -> None:
    library = library_of("ai-edge-litert")
    assert library is not None
    argv = [str(native_runner()), "--describe", str(EXAMPLES / name), "--runtime", "ai-edge-litert"]
    described = json.loads(subprocess.run([*argv, "--library", library], check=True, capture_output=True).stdout)
    (tensor,) = (TensorInfo.model_validate(info) for info in described["inputs"])
    shape = [size if isinstance(size, int) and size > 0 else 24 for size in tensor.shape]
    values = np.random.default_rng(0).random(shape)
    array = values.astype(tensor.dtype) if tensor.scale is None else (values * 100).astype(tensor.dtype)
    add_litert_arm(bench, EXAMPLES / name, litert, input_shapes={tensor.name: shape})
    bench.quality("a0", bench.add_item(array))
    bench.write_plan()

    records = bench.run()

    assert not of_kind(records, ArmFailed)
    (loaded,) = of_kind(records, ArmLoaded)
    for info in (*loaded.inputs, *loaded.outputs):
        assert (info.scale is not None) == (np.dtype(info.dtype).kind in "iu")
    assert loaded.inputs[0].name == "lr"
    assert loaded.outputs[0].name == "sr"
    (output,) = of_kind(records, QualityOutput)
    assert output.outputs[0].shape == [1, shape[1] * 2, shape[2] * 2, 3]
    if "ai_edge_litert" in sys.modules or _has("ai_edge_litert"):
        assert kept(bench, records) == [direct_tflite(EXAMPLES / name, array)]


def _has(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def test_litert_models_that_cannot_be_loaded_and_inputs_that_do_not_fit_fail_in_words(
    bench: Bench, litert: str
) -> None:
    whole = EXAMPLES / "sr_x2_fp32.tflite"
    add_litert_arm(bench, models.truncated(bench.folder / "short.tflite", whole), litert)
    add_litert_arm(bench, whole, litert, input_shapes={"picture": [1, 8, 8, 3]})
    add_litert_arm(bench, whole, litert, input_shapes={"lr": [1, 8, 8, 3]})
    add_litert_arm(bench, whole, litert)
    picture = np.zeros((1, 8, 8, 3), np.float32)
    item = bench.add_item_per_arm(
        {"a0": picture, "a1": picture, "a2": np.zeros((1, 8, 8, 7), np.float32), "a3": picture.astype(np.uint8)}
    )
    for arm in bench.arms:
        bench.quality(arm.id, item)
    bench.write_plan()

    failed = {record.arm: record for record in of_kind(bench.run(), ArmFailed)}

    assert [failed[arm].stage for arm in ("a0", "a1", "a2", "a3")] == ["load", "load", "quality", "quality"]
    assert "'picture'" in failed["a1"].message
    assert "[1, 8, 8, 7]" in failed["a2"].message
    assert "uint8" in failed["a3"].message


# The state of the machine


def write(root: Path, path: str, content: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def context_of(root: Path) -> Context:
    done = subprocess.run([str(native_runner()), "--context", str(root)], check=True, capture_output=True)
    return Context.model_validate_json(done.stdout)


def test_the_machines_state_is_read_from_proc_and_sys(tmp_path: Path) -> None:
    write(tmp_path, "proc/loadavg", "0.52 0.40 0.30 1/234 5678\n")
    write(tmp_path, "proc/meminfo", "MemTotal: 4000 kB\nMemAvailable:    3000 kB\n")
    # user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice: guests' times are in user's (proc(5)).
    write(tmp_path, "proc/stat", "cpu  100 20 30 5000 400 5 6 7 50 10\ncpu0 1 2 3 4\nintr 12 0 cpu9\n")
    write(tmp_path, "proc/sys/kernel/random/boot_id", "5e-b0\n")
    for cpu, khz in ((0, 600000), (1, 1800000), (10, 2400000)):
        write(tmp_path, f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq", f"{khz}\n")
    for policy, governor in ((0, "schedutil"), (4, "performance")):
        write(tmp_path, f"sys/devices/system/cpu/cpufreq/policy{policy}/scaling_governor", f"{governor}\n")
    for zone, (kind, millidegrees) in enumerate((("cpu", "41234"), ("cpu", "-5000"), ("modem", "not ready"))):
        write(tmp_path, f"sys/class/thermal/thermal_zone{zone}/type", f"{kind}\n")
        write(tmp_path, f"sys/class/thermal/thermal_zone{zone}/temp", f"{millidegrees}\n")

    context = context_of(tmp_path)

    assert context.load_1min == 0.52
    assert context.memory_available_bytes == 3000 * 1024
    assert context.boot_id == "5e-b0"
    assert context.cpu_frequency_khz == [600000, 1800000, 2400000]
    assert context.governor == "performance+schedutil"
    assert context.temperature_celsius == {"cpu": 41.234, "cpu (thermal_zone1)": -5.0}
    assert (context.cpu_busy_ticks, context.cpu_total_ticks) == (168, 5568)


@pytest.mark.parametrize(
    ("stat", "ticks"),
    [
        ("cpu  1 2 3 4 5 6 7\n", (19, 28)),  # before Linux 2.6.11 there was no steal
        ("cpu  1 2 3 4 5 6\n", (None, None)),
        ("cpu  1 2 three 4 5 6 7 8\n", (None, None)),
        ("cpu  9223372036854775807 9223372036854775807 1 1 1 1 1 1\n", (None, None)),
        ("intr 1 2 3\n", (None, None)),
    ],
)
def test_ticks_are_counted_or_null(tmp_path: Path, stat: str, ticks: tuple[int | None, int | None]) -> None:
    write(tmp_path, "proc/stat", stat)

    context = context_of(tmp_path)

    assert (context.cpu_busy_ticks, context.cpu_total_ticks) == ticks


def test_what_the_machine_does_not_say_is_null(tmp_path: Path) -> None:
    context = context_of(tmp_path)

    assert (context.load_1min, context.cpu_frequency_khz, context.governor, context.boot_id) == (None,) * 4
    assert context.memory_available_bytes is None
    assert context.temperature_celsius == {}


# Runtime libraries


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_runtimes_library_comes_out_of_its_pinned_wheel_for_any_machine(machine: str) -> None:
    from devices.errors import DeviceError

    try:
        found = runtime_library("onnxruntime", "1.32.0", machine)
    except DeviceError as error:
        pytest.skip(f"the wheel cannot be fetched: {error}")

    content = found.path.read_bytes()
    assert content[:4] == b"\x7fELF"
    assert int.from_bytes(content[18:20], "little") == {"x86_64": 62, "aarch64": 183}[machine]
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert pinned_wheels()["onnxruntime", "1.32.0", machine].sha256 in found.source


def test_a_version_that_is_not_pinned_is_said_and_what_there_is() -> None:
    with pytest.raises(RuntimeNotAvailableError) as failed:
        runtime_library("onnxruntime", "0.1", "riscv64")

    assert "onnxruntime==0.1" in failed.value.what
    assert "onnxruntime==1.32.0 (aarch64)" in failed.value.remedy
