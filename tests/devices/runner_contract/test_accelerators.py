"""What an arm asks to run on, and what is said of what it got. Real runtimes, on a GPU that is software."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from devices.environments.wheel_download import PinnedWheel, unpacked
from devices.errors import DeviceError
from harness.documents.records import ArmFailed, ArmLoaded, LatencyBlock, MemoryMeasured, QualityOutput
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, of_kind
from tests.devices.runner_contract.conftest import add_all_passes
from tests.devices.runner_contract.native import library_of
from tests.devices.software_gpu import software_gpu

ONNXRUNTIME_WITH_WEBGPU = PinnedWheel(
    "onnxruntime-webgpu",
    "1.27.0",
    ("manylinux_2_28_x86_64",),
    "142eb8bdb803c58117bf64164d201f43180bc87229cac14b590aa4ea79e0f70b",
)
SHAPE = [1, 8, 8, 1]
IMAGE = np.random.default_rng(0).random(SHAPE, dtype=np.float32)


@pytest.fixture
def gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runners of this test find a GPU."""
    for name, value in software_gpu(tmp_path).items():
        monkeypatch.setenv(name, value)


def add_litert_arm(bench: Bench, model: Path, **fields: object) -> None:
    library = library_of("ai-edge-litert") if bench.is_native else None
    driver = str(Path(library).with_name("libLiteRtWebGpuAccelerator.so")) if library else None
    fields = {"accelerator": "gpu", "accelerator_library": driver, **fields}
    bench.add_arm(model, "ai-edge-litert", input_shapes={"image": SHAPE}, **fields)


def kept(bench: Bench, record: QualityOutput) -> np.ndarray:
    return np.load(bench.folder / record.outputs[0].path)


@pytest.mark.usefixtures("gpu")
def test_litert_on_a_gpu_walks_every_pass_and_gives_what_the_cpu_gives(empty_bench: Bench) -> None:
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert: its schema writes the test's models")
    bench = empty_bench
    model = models.conv_tflite(bench.folder / "conv.tflite")
    add_litert_arm(bench, model, accelerator="cpu", accelerator_library=None)
    add_litert_arm(bench, model, accelerator_options={"precision": "2"})
    bench.add_item(IMAGE)
    bench.add_item(np.random.default_rng(1).random((1, 12, 16, 1), dtype=np.float32))
    add_all_passes(bench, pairs=2)
    bench.write_plan()

    records = bench.run()

    assert of_kind(records, ArmFailed) == []
    loaded = {record.arm: record for record in of_kind(records, ArmLoaded)}
    assert (loaded["a1"].accelerator, loaded["a1"].wholly_delegated) == ("gpu", True)
    assert loaded["a1"].settings["accelerator_options"] == "precision=2"
    assert "reading its outputs back" in loaded["a1"].settings["timed"]
    assert (loaded["a0"].accelerator, loaded["a0"].wholly_delegated) == ("cpu", None)
    assert loaded["a1"].inputs == loaded["a0"].inputs
    outputs = {(record.arm, record.item): kept(bench, record) for record in of_kind(records, QualityOutput)}
    for item in ("i0", "i1"):
        assert outputs["a1", item].shape == outputs["a0", item].shape
        np.testing.assert_allclose(outputs["a1", item], outputs["a0", item], atol=1e-5)
    assert {record.arm for record in of_kind(records, MemoryMeasured)} == {"a0", "a1"}
    assert len(of_kind(records, LatencyBlock)) == 4


@pytest.mark.usefixtures("gpu")
def test_a_graph_that_the_gpu_takes_in_part_runs_and_is_said_to_be_so(empty_bench: Bench) -> None:
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert: its schema writes the test's models")
    bench = empty_bench
    add_litert_arm(bench, models.conv_and_zeros_tflite(bench.folder / "zeros.tflite"))
    bench.quality("a0", bench.add_item(IMAGE))
    bench.write_plan()

    records = bench.run()

    (loaded,) = of_kind(records, ArmLoaded)
    assert (loaded.wholly_delegated, loaded.delegated_nodes) == (False, None)
    assert "does not say how many" in loaded.settings["nodes_taken"]
    (output,) = of_kind(records, QualityOutput)
    assert not kept(bench, output).any()


def test_without_a_driver_of_a_gpu_the_arm_fails_at_loading(
    empty_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert: its schema writes the test's models")
    monkeypatch.setenv("VK_ICD_FILENAMES", "/nowhere/driver.json")
    bench = empty_bench
    add_litert_arm(bench, models.conv_tflite(bench.folder / "conv.tflite"))
    bench.quality("a0", bench.add_item(IMAGE))
    bench.write_plan()

    (failed,) = of_kind(bench.run(), ArmFailed)

    assert failed.stage == "load"
    assert "could not compile the model for the GPU" in failed.message


@pytest.mark.parametrize(
    ("runtime", "accelerator", "said"),
    [
        ("onnxruntime", "xnnpack", ["XnnpackExecutionProvider", "it has", "CPUExecutionProvider", "'cpu'"]),
        ("onnxruntime", "nnapi", ["NnapiExecutionProvider"]),
        ("onnxruntime", "qnn", ["QNNExecutionProvider"]),
        ("onnxruntime", "webgpu", ["WebGpuExecutionProvider"]),
        ("onnxruntime", "gpu", ["'gpu'", "it knows cpu, nnapi, qnn, webgpu, xnnpack"]),
        ("ai-edge-litert", "nnapi", ["'nnapi'", "it knows cpu, gpu"]),
    ],
)
def test_an_accelerator_that_the_library_has_not_fails_by_name_with_those_it_has(
    empty_bench: Bench, runtime: str, accelerator: str, said: list[str]
) -> None:
    bench = empty_bench
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"), runtime, accelerator=accelerator)
    bench.quality("a0", bench.add_item(np.zeros((1, 1, 8, 8), np.float32)))
    bench.write_plan()

    (failed,) = of_kind(bench.run(), ArmFailed)

    assert (failed.stage, failed.error) == ("start", "ValueError")
    for words in said:
        assert words in failed.message


def add_webgpu_arm(bench: Bench, model: Path, **fields: object) -> None:
    """An arm in a build of ONNX Runtime that has WebGPU."""
    if os.uname().machine != "x86_64":
        pytest.skip(f"{ONNXRUNTIME_WITH_WEBGPU} is for x86-64 only")
    if not bench.is_native and sys.version_info[:2] != (3, 11):
        pytest.skip(f"{ONNXRUNTIME_WITH_WEBGPU} is for Python 3.11 only")
    try:
        folder = unpacked(ONNXRUNTIME_WITH_WEBGPU)
    except DeviceError as error:
        pytest.skip(f"no build of onnxruntime with WebGPU here: {error}")
    (library,) = (folder / "onnxruntime" / "capi").glob("libonnxruntime.so.*")
    bench.add_arm(
        model,
        runtime_version="1.27.0",
        library=str(library) if bench.is_native else None,
        worker=None if bench.is_native else ["env", f"PYTHONPATH={folder}", sys.executable],
        **fields,
    )


@pytest.mark.usefixtures("gpu")
def test_onnxruntime_counts_the_nodes_that_a_provider_took(empty_bench: Bench) -> None:
    bench = empty_bench
    model = models.conv_onnx(bench.folder / "conv.onnx")
    two_nodes = models.conv_and_hardmax_onnx(bench.folder / "hardmax.onnx")
    add_webgpu_arm(bench, model)
    add_webgpu_arm(bench, model, accelerator="webgpu")
    add_webgpu_arm(bench, two_nodes, accelerator="webgpu")
    item = bench.add_item(np.random.default_rng(0).random((1, 1, 8, 8), dtype=np.float32))
    for arm in ("a0", "a1", "a2"):
        bench.quality(arm, item)
    bench.write_plan()

    records = bench.run()

    assert of_kind(records, ArmFailed) == []
    cpu, whole, part = of_kind(records, ArmLoaded)
    assert (cpu.delegated_nodes, cpu.wholly_delegated) == (None, None)
    assert whole.wholly_delegated is True
    assert whole.delegated_nodes == whole.total_nodes != 0
    assert whole.settings["providers_got"] == "WebGpuExecutionProvider,CPUExecutionProvider"
    assert part.wholly_delegated is False
    assert part.delegated_nodes is not None
    assert part.total_nodes is not None
    assert part.delegated_nodes < part.total_nodes
    on_cpu, on_gpu, _ = (kept(bench, record) for record in of_kind(records, QualityOutput))
    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-5)
