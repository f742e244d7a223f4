"""A runner walks its plan: every step in order, every record valid, outputs as the runtime gives them."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from harness.documents.plan import Plan
from harness.documents.records import (
    ArmLoaded,
    LatencyBlock,
    MemoryMeasured,
    QualityOutput,
    Record,
    RunnerFinished,
    RunnerStarted,
    StepSkipped,
    WarmUpBlock,
    WarmUpDone,
)
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench, of_kind

ORDERS = [["a1", "a0"], ["a0", "a1"], ["a0", "a1"]]


@dataclass(frozen=True)
class Walk:
    """A plan with every kind of step, walked once."""

    bench: Bench
    plan: Plan
    records: list[Record]
    made: set[str]
    """Names of what the runner made beside the records."""


@pytest.fixture(scope="module", params=sorted(RUNNERS))
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    bench = Bench(tmp_path_factory.mktemp("walk"), RUNNERS[request.param]())
    for seed in (0, 1):
        bench.add_arm(models.conv_onnx(bench.folder / f"conv{seed}.onnx", seed=seed))
    for size in (8, 16):
        bench.add_item(np.random.default_rng(size).random((1, 1, size, size), dtype=np.float32))
    for item in bench.items:
        for arm in bench.arms:
            bench.quality(arm.id, item)
    for arm in bench.arms:
        bench.memory(arm.id, "i0")
    bench.warm_up(["a0", "a1"], "i0")
    for pair, order in enumerate(ORDERS):
        bench.pair(pair, order, "i0")
    plan = bench.write_plan(lead_in_inferences=3)
    before = {path.name for path in bench.folder.iterdir()}
    records = bench.run()
    return Walk(bench, plan, records, {path.name for path in bench.folder.iterdir()} - before)


def test_every_step_is_done_once_and_in_the_order_of_the_plan(walk: Walk) -> None:
    records = walk.records
    assert isinstance(records[0], RunnerStarted)
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == "complete"
    assert {record.session for record in records} == {0}
    steps = [record.step for record in records if isinstance(record, (QualityOutput, MemoryMeasured, WarmUpDone))]
    steps += sorted({block.step for block in of_kind(records, LatencyBlock)})
    assert steps == [step.step for step in walk.plan.steps]
    blocks = of_kind(records, LatencyBlock)
    assert [block.arm for block in blocks] == [arm for order in ORDERS for arm in order]
    assert [block.position for block in blocks] == [0, 1] * 3
    assert [block.pair for block in blocks] == [0, 0, 1, 1, 2, 2]
    stamps = [record.monotonic_ns for record in records]
    assert stamps == sorted(stamps)
    assert not of_kind(records, StepSkipped)


def test_all_blocks_have_the_number_of_inferences_that_warm_up_fixed(walk: Walk) -> None:
    (done,) = of_kind(walk.records, WarmUpDone)
    assert 5 <= done.block_inferences <= 40
    assert set(done.settled) == {"a0", "a1"}
    for block in of_kind(walk.records, LatencyBlock):
        assert len(block.latency_ns) == done.block_inferences
        assert len(block.lead_in_ns) == 3
        assert min(block.latency_ns) > 0
        assert sum(block.latency_ns) <= block.ended_ns - block.started_ns
        assert block.before.monotonic_ns <= block.started_ns <= block.ended_ns <= block.after.monotonic_ns


def test_no_two_blocks_overlap_in_time(walk: Walk) -> None:
    for earlier, later in itertools.pairwise(of_kind(walk.records, LatencyBlock)):
        assert earlier.ended_ns < later.started_ns


def test_nobody_else_on_the_device_may_look_into_the_folders_of_outputs(walk: Walk) -> None:
    outputs = walk.bench.folder / "outputs"
    folders = [outputs, *(path for path in outputs.rglob("*") if path.is_dir())]
    assert len(folders) == 3
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_outputs_are_bit_for_bit_those_of_the_runtime_called_directly(walk: Walk) -> None:
    import onnxruntime

    bench = walk.bench
    outputs = of_kind(walk.records, QualityOutput)

    assert [(output.arm, output.item) for output in outputs] == [
        ("a0", "i0"), ("a1", "i0"), ("a0", "i1"), ("a1", "i1"),
    ]  # fmt: skip
    for record in outputs:
        arm = next(arm for arm in bench.arms if arm.id == record.arm)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(arm.model, options, providers=["CPUExecutionProvider"])
        (expected,) = session.run(None, {"image": np.load(bench.items[record.item][record.arm][0])})
        (file,) = record.outputs
        assert file.path == f"outputs/{record.arm}/{record.item}.0.npy"
        content = (bench.folder / file.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert len(content) == file.bytes
        kept = np.load(bench.folder / file.path, allow_pickle=False)
        assert (kept.dtype.name, list(kept.shape), file.tensor) == (file.dtype, file.shape, "features")
        assert kept.tobytes() == expected.tobytes()


def test_ticks_of_the_cpus_are_counted_since_boot(walk: Walk) -> None:
    contexts = [context for block in of_kind(walk.records, LatencyBlock) for context in (block.before, block.after)]
    busy = [context.cpu_busy_ticks for context in contexts]
    total = [context.cpu_total_ticks for context in contexts]
    assert None not in busy
    assert None not in total
    assert busy == sorted(busy)  # type: ignore[type-var]
    assert total == sorted(total)  # type: ignore[type-var]
    # Ticks are a hundredth of a second of each CPU, on any Linux that counts them; it was booted before this test.
    assert 0 < busy[0] < total[0]  # type: ignore[operator]


def test_what_was_loaded_is_said_in_the_runtimes_own_words(walk: Walk) -> None:
    import onnxruntime

    for loaded in of_kind(walk.records, ArmLoaded):
        assert loaded.runtime_version == onnxruntime.__version__
        assert loaded.settings["intra_op_num_threads"] == "1"
        assert loaded.settings["providers_got"] == "CPUExecutionProvider"
        assert loaded.settings["telemetry"].startswith("off")
        assert loaded.inputs[0].shape == [1, 1, "height", "width"]
        assert loaded.inputs[0].scale is None
        assert loaded.notes == []


def test_memory_steps_run_alone(walk: Walk) -> None:
    pids = [record.pid for record in of_kind(walk.records, ArmLoaded)]

    assert len(set(pids)) == len(pids) == 6, "two workers before the memory steps, one in each, two after them"


def test_a_finished_plan_is_not_touched_by_another_start(walk: Walk) -> None:
    content = walk.bench.records_path.read_bytes()

    walk.bench.run()

    assert walk.bench.records_path.read_bytes() == content


def test_nothing_is_left_beside_the_records_but_what_the_contract_names(walk: Walk) -> None:
    assert walk.made == {"records.jsonl", "runner.lock", "outputs", "runner.log"}
    assert not list(walk.bench.folder.rglob("*.part"))
    walk.bench.assert_no_worker_left()


def test_warm_up_alternates_arms_and_ends_at_its_bound_when_medians_keep_moving(bench: Bench) -> None:
    bench.warm_up(["a0", "a1"], "i0")
    bench.pair(0, ["a0", "a1"], "i0")
    bench.write_plan(warm_up_tolerance=1e-12, warm_up_max_blocks=5)

    records = bench.run()

    blocks = of_kind(records, WarmUpBlock)
    assert [(block.arm, block.index) for block in blocks] == [(arm, k) for k in range(5) for arm in ("a0", "a1")]
    assert all(len(block.latency_ns) >= 3 for block in blocks)
    (done,) = of_kind(records, WarmUpDone)
    assert False in done.settled.values()
    assert done.notes


def test_warm_up_also_ends_when_the_last_six_medians_show_no_trend(bench: Bench) -> None:
    bench.warm_up(["a0", "a1"], "i0")
    bench.pair(0, ["a0", "a1"], "i0")
    bench.write_plan(warm_up_tolerance=1e-12, warm_up_max_blocks=40)

    records = bench.run()

    medians: dict[str, list[float]] = {"a0": [], "a1": []}
    for block in of_kind(records, WarmUpBlock):
        medians[block.arm].append(float(np.median(block.latency_ns)))

    def is_settled(values: list[float]) -> bool:
        trend = sum(np.sign(later - earlier) for earlier, later in itertools.combinations(values[-6:], 2))
        return len(set(values[-3:])) == 1 or (len(values) >= 6 and bool(abs(trend) < 9))

    blocks = len(medians["a0"])
    assert blocks >= 6 or all(len(set(values[-3:])) == 1 for values in medians.values())
    for count in range(3, blocks):
        assert not all(is_settled(values[:count]) for values in medians.values())
    (done,) = of_kind(records, WarmUpDone)
    assert done.settled == {arm: is_settled(values) for arm, values in medians.items()}
    assert all(done.settled.values()) or blocks == 40


def test_warm_up_ends_at_its_minimum_when_medians_agree(bench: Bench) -> None:
    bench.warm_up(["a0", "a1"], "i0")
    bench.pair(0, ["a0", "a1"], "i0")
    bench.write_plan(warm_up_tolerance=1e9, warm_up_min_blocks=4, warm_up_max_blocks=9)

    records = bench.run()

    assert len(of_kind(records, WarmUpBlock)) == 8
    (done,) = of_kind(records, WarmUpDone)
    assert done.settled == {"a0": True, "a1": True}


def test_models_with_several_inputs_and_outputs_take_and_keep_all_of_them_in_order(empty_bench: Bench) -> None:
    bench = empty_bench
    arm = bench.add_arm(models.add_onnx(bench.folder / "add.onnx"))
    left = np.arange(6, dtype=np.float32).reshape(2, 3)
    item = bench.add_item(left, left * 10)
    bench.quality(arm, item)
    bench.write_plan()

    records = bench.run()

    (loaded,) = of_kind(records, ArmLoaded)
    assert [tensor.name for tensor in loaded.inputs] == ["left", "right"]
    assert [(tensor.name, tensor.dtype) for tensor in loaded.outputs] == [("sum", "float32"), ("shape", "int64")]
    (record,) = of_kind(records, QualityOutput)
    kept = [np.load(bench.folder / file.path) for file in record.outputs]
    np.testing.assert_array_equal(kept[0], left * 11)
    np.testing.assert_array_equal(kept[1], [2, 3])


def test_another_version_than_asked_for_is_noted(empty_bench: Bench) -> None:
    bench = empty_bench
    arm = bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"), runtime_version="0.0.1")
    bench.quality(arm, bench.add_item(np.zeros((1, 1, 8, 8), np.float32)))
    bench.write_plan()

    (loaded,) = of_kind(bench.run(), ArmLoaded)

    assert "0.0.1" in loaded.notes[0]


def test_the_bound_of_the_latency_pass_ends_it_and_the_other_passes_go_on(bench: Bench) -> None:
    bench.warm_up(["a0", "a1"], "i0")
    for pair in range(3):
        bench.pair(pair, ["a0", "a1"], "i0")
    bench.quality("a0", "i0")
    bench.write_plan(max_ns=1)

    records = bench.run()

    assert not of_kind(records, LatencyBlock)
    skipped = of_kind(records, StepSkipped)
    assert {1, 2, 3} <= {record.step for record in skipped}
    assert all("bound" in record.reason for record in skipped)
    assert len(of_kind(records, QualityOutput)) == 1
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == "bound"
    assert len(bench.run()) == len(records), "a bound plan is done; another start must not add to it"


def test_a_step_of_a_kind_the_runner_does_not_know_is_skipped_by_name(bench: Bench) -> None:
    bench.quality("a0", "i0")
    bench.quality("a1", "i0")
    bench.write_plan()
    plan = bench.plan_path.read_text().replace('"kind":"quality"', '"kind":"levitation"', 1)
    bench.plan_path.write_text(plan)

    records = bench.run()

    (skipped,) = of_kind(records, StepSkipped)
    assert skipped.step == 0
    assert "levitation" in skipped.reason
    assert len(of_kind(records, QualityOutput)) == 1


def test_onnxruntime_leaves_no_telemetry_behind(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    home = bench.folder / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "ORT_DISABLE_TELEMETRY", "CI"):
        monkeypatch.delenv(name, raising=False)
    bench.quality("a0", "i0")
    bench.write_plan()

    (loaded,) = of_kind(bench.run(), ArmLoaded)

    assert "ORT_DISABLE_TELEMETRY=1" in loaded.settings["telemetry"]
    assert list(home.rglob("*")) == []
