"""Web arms in every pass of a plan, beside an arm with a process of its own: Debian's Chromium and Firefox."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from devices.browsers import settings_names as names
from harness.documents.records import (
    ArmFailed,
    ArmLoaded,
    EnergyBlock,
    LatencyBlock,
    MemoryMeasured,
    PageMeasured,
    QualityOutput,
    RunnerFinished,
    SoakWindow,
    WarmUpDone,
)
from tests.devices.browser.web_bench import add_web_arm
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench, of_kind
from tests.devices.runner_contract.conftest import add_all_passes

BACKENDS = [
    ("onnxruntime-web", "wasm", "chromium"),
    ("onnxruntime-web", "webgl", "chromium"),
    ("onnxruntime-web", "webgpu", "chromium"),
    ("litert-js", "wasm", "chromium"),
    ("litert-js", "webgpu", "chromium"),
    ("onnxruntime-web", "wasm", "firefox-esr"),
    ("litert-js", "wasm", "firefox-esr"),
]
OF_NATIVE = [BACKENDS[1], BACKENDS[4], BACKENDS[5]]


def output_of(bench: Bench, arm: str, item: str = "i0") -> np.ndarray:
    return np.load(bench.folder / "outputs" / arm / f"{item}.0.npy")


def add_pair(bench: Bench, runtime: str, accelerator: str, program: str) -> None:
    """An arm of the native runtime and a web arm of the same model, with one item."""
    if runtime == "litert-js":
        model = models.conv_tflite(bench.folder / "conv.tflite", static=(8, 8))
        bench.add_arm(model, "ai-edge-litert")
        add_web_arm(bench, model, runtime, accelerator, program)
        bench.add_item(models.image(8, 8, channels_last=True))
    else:
        model = models.conv_onnx(bench.folder / "conv.onnx", static=(8, 8))
        bench.add_arm(model)
        add_web_arm(bench, model, runtime, accelerator, program, input_shapes={"image": [1, 1, 8, 8]})
        bench.add_item(models.image(8, 8))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The page is the same whichever runner serves it: the native one has each browser and kind of backend once, and
    all with `--whole-matrix`.
    """
    if "backend" not in metafunc.fixturenames:
        return
    of_native = BACKENDS if metafunc.config.getoption("--whole-matrix") else OF_NATIVE
    cells = [("python", each) for each in BACKENDS] + [("native with sanitizers", each) for each in of_native]
    names = ["-".join([runner, *backend]) for runner, backend in cells]
    metafunc.parametrize(("runner", "backend"), cells, ids=names)


def test_a_web_arm_goes_through_every_pass_beside_one_of_its_own_process(
    tmp_path: Path, runner: str, backend: tuple[str, str, str]
) -> None:
    bench, (runtime, accelerator, program) = Bench(tmp_path, RUNNERS[runner]()), backend
    add_pair(bench, runtime, accelerator, program)
    add_all_passes(bench, pairs=2)
    bench.energy_cycle(0, ["a0", None, "a1"], "i0", duration_ms=100)
    bench.page("a1", "i0", duration_ms=100)
    bench.soak("a1", "i0", duration_ms=100, window_ms=50)
    bench.write_plan()
    records = bench.run()

    assert of_kind(records, ArmFailed) == []
    assert [record.reason for record in of_kind(records, RunnerFinished)] == ["complete"]
    assert [record.arm for record in of_kind(records, QualityOutput)] == ["a0", "a1"]
    np.testing.assert_allclose(output_of(bench, "a1"), output_of(bench, "a0"), rtol=0, atol=1e-5)
    assert np.abs(output_of(bench, "a0")).max() > 0.1  # of two outputs that are nothing, nothing is shown

    blocks = of_kind(records, LatencyBlock)
    assert [(block.pair, block.arm) for block in blocks] == [(0, "a0"), (0, "a1"), (1, "a1"), (1, "a0")]
    count = of_kind(records, WarmUpDone)[0].block_inferences
    for block in blocks:
        assert (len(block.lead_in_ns), len(block.latency_ns)) == (2, count)
        assert 0 < sum(block.latency_ns) <= block.ended_ns - block.started_ns
    stamps = [stamp for block in blocks for stamp in (block.started_ns, block.ended_ns)]
    assert stamps == sorted(stamps)  # exactly one works at a time, by one clock

    [web_memory] = [record for record in of_kind(records, MemoryMeasured) if record.arm == "a1"]
    assert web_memory.steady_rss_bytes is not None
    assert web_memory.steady_rss_bytes > 20 << 20
    assert web_memory.run_peak_rss_bytes is not None
    sizes = {(part.of, part.what): part.bytes for part in web_memory.parts}
    assert sizes["all_processes", "pss"] > sizes["page", "pss"] > 10 << 20
    if program == "chromium":
        assert sizes["all_processes", "private_footprint"] > sizes["gpu_process", "private_footprint"] > 1 << 20
        assert sizes["page", "private_footprint"] > 10 << 20

    energy = [record for record in of_kind(records, EnergyBlock) if record.arm == "a1"]
    assert [block.inferences > 0 for block in energy] == [True]
    assert energy[0].ended_ns - energy[0].started_ns >= 100_000_000
    [page] = of_kind(records, PageMeasured)
    assert page.inferences > 0
    assert page.rest_frame_ns
    assert page.frame_ns
    reads_each = runtime == "onnxruntime-web" and accelerator != "webgpu"
    assert (page.unread_inferences > 1, page.unread_ns > 0) == (not reads_each, not reads_each)
    assert page.notes == (["this backend reads the outputs of every inference back"] if reads_each else [])
    windows = of_kind(records, SoakWindow)
    assert sum(window.ended_ns - window.started_ns for window in windows) >= 100_000_000
    assert all(window.inferences > 0 and window.rss_bytes for window in windows)


@pytest.mark.parametrize("program", ["chromium", "firefox-esr"])
def test_a_browser_says_who_it_is(bench: Bench, program: str) -> None:
    arm = add_web_arm(
        bench, bench.folder / "own.onnx", program=program, input_shapes={"image": [1, 1, 8, 8]}, threads=2
    )
    item = bench.add_item(models.image(8, 8))
    bench.quality(arm, item)
    bench.write_plan()
    [loaded] = of_kind(bench.run(), ArmLoaded)
    name = {"chromium": "Chromium ", "firefox-esr": "Firefox "}[program]
    assert loaded.interpreter is not None
    assert loaded.interpreter.startswith(name)
    assert (loaded.runtime, loaded.runtime_version, loaded.accelerator) == ("onnxruntime-web", "1.30.0", "wasm")
    settings = loaded.settings
    assert set(settings) <= names.ALL
    assert settings[names.CROSS_ORIGIN_ISOLATED] == "yes"
    assert settings[names.SITE_ISOLATED] == "yes"
    assert settings[names.FRAME_HOST] == "a1.localhost"
    assert settings[names.WASM_THREADS] == "2"
    assert 0 < int(settings[names.CLOCK_STEP_NS]) <= 100_000
    assert int(settings[names.ENGINE_BYTES]) > 14_000_000
    assert int(settings[names.MODEL_BYTES]) == (bench.folder / "own.onnx").stat().st_size
    assert int(settings[names.SESSION_NS]) + int(settings[names.MODEL_FETCH_NS]) == pytest.approx(loaded.load_ns, abs=2)
    assert "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm" in settings[names.ENGINE_FILES]
    bench.assert_no_worker_left()


def test_a_software_renderer_says_so(bench: Bench) -> None:
    model = models.conv_onnx(bench.folder / "static.onnx", static=(8, 8))
    for accelerator in ("webgl", "webgpu"):
        add_web_arm(bench, model, accelerator=accelerator)
    item = bench.add_item(models.image(8, 8))
    for arm in ("a1", "a2"):
        bench.quality(arm, item)
    bench.write_plan()
    webgl, webgpu = of_kind(bench.run(), ArmLoaded)
    for loaded in (webgl, webgpu):
        assert set(loaded.settings) <= names.ALL
        assert loaded.settings[names.SOFTWARE_RENDERER] == "yes"
    assert "SwiftShader" in webgl.settings[names.GPU_DESCRIPTION]
    assert webgpu.settings[names.GPU_ARCHITECTURE] == "swiftshader"
    assert webgpu.settings[names.SHADER_F16] in ("yes", "no")


def test_two_web_arms_have_two_processes_in_one_tab_and_each_launch_has_a_fresh_browser(bench: Bench) -> None:
    for _ in range(2):
        add_web_arm(bench, bench.folder / "own.onnx", input_shapes={"image": [1, 1, 8, 8]})
    item = bench.add_item(models.image(8, 8))
    for launch in range(2):
        bench.warm_up(["a1", "a2"], item, fresh=launch > 0)
        bench.pair(launch, ["a1", "a2"], item, launch=launch)
    bench.write_plan()
    records = bench.run()
    loads = of_kind(records, ArmLoaded)
    assert [loaded.arm for loaded in loads] == ["a1", "a2", "a1", "a2"]
    assert len({loaded.pid for loaded in loads}) == 4
    assert {loaded.settings[names.SITE_ISOLATED] for loaded in loads} == {"yes"}
    assert [block.launch for block in of_kind(records, LatencyBlock)] == [0, 0, 1, 1]
    assert list(bench.folder.glob(".browser-*")) == []
    bench.assert_no_worker_left()


def test_outputs_of_several_types_come_back_as_they_are(empty_bench: Bench) -> None:
    bench = empty_bench
    model = models.add_onnx(bench.folder / "add.onnx")
    bench.add_arm(model)
    add_web_arm(bench, model)
    left, right = (np.random.default_rng(seed).random((2, 3), dtype=np.float32) for seed in (0, 1))
    item = bench.add_item(left, right)
    for arm in ("a0", "a1"):
        bench.quality(arm, item)
    bench.write_plan()
    own, web = of_kind(bench.run(), QualityOutput)
    assert [(each.tensor, each.dtype, each.shape) for each in web.outputs] == [
        ("sum", "float32", [2, 3]),
        ("shape", "int64", [2]),
    ]
    # The files are numpy's own, to the byte: only what they hold may differ.
    assert [each.sha256 for each in web.outputs] == [each.sha256 for each in own.outputs]


def test_slices_of_an_energy_block_make_it_up(bench: Bench) -> None:
    from harness.documents.plan import EnergyOptions

    add_web_arm(bench, bench.folder / "own.onnx", input_shapes={"image": [1, 1, 8, 8]})
    bench.add_item(models.image(8, 8))
    bench.energy_options = EnergyOptions(slices=5, lead_in_ns=20_000_000)
    bench.energy_cycle(0, ["a1"], "i0", duration_ms=200)
    bench.write_plan()
    [block] = of_kind(bench.run(), EnergyBlock)  # the record's own validation adds the slices up
    assert len(block.slice_ns) == 5
    assert sum(block.slice_inferences) == block.inferences > 0
    assert block.wall_ended_ns - block.wall_started_ns == block.ended_ns - block.started_ns
