"""An arm that crashes, hangs or cannot be loaded is said to have failed, in words, and the other arm goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.documents.records import (
    ArmFailed,
    ArmLoaded,
    GateWaiting,
    LatencyBlock,
    MemoryMeasured,
    QualityOutput,
    Record,
    RunnerFinished,
    StepSkipped,
    WarmUpDone,
)
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import WAIT_S, Bench, kill_at_once, of_kind
from tests.devices.runner_contract.conftest import add_all_passes, add_latency_pass


def failure(records: list[Record]) -> ArmFailed:
    """The one failure on record; also asserts that the plan came to its end and every step has one result."""
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == "complete"
    results = [record.step for record in records if isinstance(record, (QualityOutput, MemoryMeasured, StepSkipped))]
    assert len(results) == len(set(results))
    (failed,) = of_kind(records, ArmFailed)
    assert "\n" not in failed.message
    assert 0 < len(failed.message) <= 2000
    return failed


def pids(records: list[Record], arm: str) -> list[int]:
    return [record.pid for record in of_kind(records, ArmLoaded) if record.arm == arm]


def in_latency_pass(records: list[Record]) -> bool:
    return len(of_kind(records, LatencyBlock)) >= 3


def test_a_worker_that_segfaults_fails_its_arm_only(bench: Bench) -> None:
    add_latency_pass(bench, pairs=6)
    bench.hold("latency", before_block=4)
    plan = bench.write_plan()
    process = bench.start()
    dies = pids(bench.wait_until_held(), "a1")[-1]
    os.kill(dies, signal.SIGSTOP)
    bench.let_go()
    # The block of a0 is on record, and the next is the one that a1 dies in.
    bench.wait_for(lambda records: len(of_kind(records, LatencyBlock)) >= 5)
    os.kill(dies, signal.SIGSEGV)
    os.kill(dies, signal.SIGCONT)

    assert process.wait(120) == 0
    records = bench.records()

    failed = failure(records)
    assert (failed.arm, failed.stage, failed.error) == ("a1", "latency", "signal 11 (SIGSEGV)")
    pairs = {step.step for step in plan.steps if step.kind == "latency_pair"}
    assert {block.step for block in of_kind(records, LatencyBlock) if block.arm == "a0"} == pairs
    alone = [block for block in of_kind(records, LatencyBlock) if block.n > failed.n]
    assert {(block.arm, block.position) for block in alone} == {("a0", 0)}


def test_a_failure_is_final_for_the_plan(bench: Bench) -> None:
    add_latency_pass(bench, pairs=6)
    bench.hold("latency", before_block=5)
    bench.write_plan()
    process = bench.start()
    held = bench.wait_until_held()
    os.kill(pids(held, "a1")[-1], signal.SIGABRT)
    goes_on = pids(held, "a0")[-1]
    os.kill(goes_on, signal.SIGSTOP)
    bench.let_go()
    # The next block is the one that a1 fails in; that of a0 after it does not end.
    bench.wait_for(lambda records: bool(of_kind(records, ArmFailed)))
    process.kill()
    process.wait(120)
    os.kill(goes_on, signal.SIGKILL)

    records = bench.run()

    assert failure(records).error == "signal 6 (SIGABRT)"
    assert [record.arm for record in of_kind(records, ArmLoaded) if record.session == 1] == ["a0"]


def test_a_worker_that_hangs_is_given_up_after_the_timeout(bench: Bench) -> None:
    # A worker's start, with the runtime that it loads, is within this time too: the longer one is for a busy machine.
    for timeout_s in (8.0, 60.0):
        tried = Bench(bench.folder / f"{timeout_s}", bench.command)
        tried.folder.mkdir()
        tried.arms, tried.items = bench.arms, bench.items
        add_latency_pass(tried, pairs=4)
        tried.hold("latency", before_block=4)
        tried.write_plan(step_timeout_s=timeout_s)
        process = tried.start()
        held = tried.wait_for(lambda records: bool(of_kind(records, GateWaiting) or of_kind(records, ArmFailed)))
        if of_kind(held, ArmFailed):  # it had no time to start
            kill_at_once(process)
            continue
        os.kill(pids(held, "a0")[-1], signal.SIGSTOP)
        tried.let_go()
        assert process.wait(WAIT_S) == 0
        break

    bench = tried
    records = bench.records()
    failed = failure(records)
    assert (failed.arm, failed.error) == ("a0", "timeout")
    assert f"{timeout_s:g} s" in failed.message
    assert any(block.arm == "a1" and block.n > failed.n for block in of_kind(records, LatencyBlock))
    bench.assert_no_worker_left()


def truncated_conv(path: Path) -> Path:
    return models.truncated(path, models.conv_onnx(path.with_suffix(".whole")))


@pytest.mark.parametrize(
    ("author", "said"),
    [
        (truncated_conv, "protobuf"),
        (models.unknown_operator_onnx, "FrobnicateTensor"),
        (models.future_opset_onnx, "opset"),
    ],
)
def test_a_model_that_cannot_be_loaded_fails_with_the_runtimes_own_words(
    empty_bench: Bench, author: Callable[[Path], Path], said: str
) -> None:
    bench = empty_bench
    bench.add_arm(models.conv_onnx(bench.folder / "good.onnx"))
    bench.add_arm(author(bench.folder / "bad.onnx"))
    bench.add_item(np.zeros((1, 1, 8, 8), np.float32))
    add_all_passes(bench, pairs=2)
    bench.write_plan()

    records = bench.run()

    failed = failure(records)
    assert (failed.arm, failed.stage, failed.step) == ("a1", "load", 1)
    assert said.lower() in failed.message.lower()
    assert [record.arm for record in of_kind(records, QualityOutput)] == ["a0"]
    assert [record.arm for record in of_kind(records, MemoryMeasured)] == ["a0"]
    assert [block.arm for block in of_kind(records, LatencyBlock)] == ["a0", "a0"]
    assert [set(done.settled) for done in of_kind(records, WarmUpDone)] == [{"a0"}]
    assert {skipped.step for skipped in of_kind(records, StepSkipped)} == {1, 3}
    assert all("a1" in skipped.reason for skipped in of_kind(records, StepSkipped))


def test_a_model_file_that_is_not_there_fails_at_loading(bench: Bench) -> None:
    bench.quality("a0", "i0")
    bench.write_plan()
    Path(bench.arms[0].model).unlink()

    failed = failure(bench.run())

    assert failed.stage == "load"
    assert bench.arms[0].model in failed.message


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((1, 1, 8, 8), np.float64), "float64"),
        (np.zeros((1, 3, 8, 8), np.float32), "[1, 3, 8, 8]"),
        (np.zeros((8, 8), np.float32), "[8, 8]"),
    ],
)
def test_inputs_that_the_model_does_not_take_fail_in_words(empty_bench: Bench, array: Any, said: str) -> None:
    bench = empty_bench
    for k in (0, 1):
        bench.add_arm(models.conv_onnx(bench.folder / f"conv{k}.onnx"))
    bench.add_item_per_arm({"a0": np.zeros((1, 1, 8, 8), np.float32), "a1": array})
    add_all_passes(bench, pairs=1)
    bench.write_plan()

    failed = failure(bench.run())

    assert (failed.arm, failed.stage, failed.error) == ("a1", "quality", "ValueError")
    assert said in failed.message
    assert "'image' takes float32" in failed.message


def test_when_every_arm_failed_the_plan_still_ends_with_each_step_accounted_for(empty_bench: Bench) -> None:
    bench = empty_bench
    for k in (0, 1):
        bench.add_arm(models.unknown_operator_onnx(bench.folder / f"bad{k}.onnx"))
    bench.add_item(np.zeros((1, 1, 8, 8), np.float32))
    add_all_passes(bench, pairs=2)
    plan = bench.write_plan()

    records = bench.run()

    assert [record.arm for record in of_kind(records, ArmFailed)] == ["a0", "a1"]
    assert sorted(record.step for record in of_kind(records, StepSkipped)) == [step.step for step in plan.steps]
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == "complete"
    assert len(bench.run()) == len(records)


@pytest.mark.parametrize(
    ("fields", "stage", "said"),
    [
        ({"accelerator": "warp-drive"}, "start", "warp-drive"),
        ({"runtime_version": "1", "runtime": "no-such-runtime"}, "start", "no-such-runtime"),
    ],
)
def test_what_the_runner_does_not_have_fails_by_name(
    empty_bench: Bench, fields: dict[str, str], stage: str, said: str
) -> None:
    bench = empty_bench
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"), **fields)
    bench.quality("a0", bench.add_item(np.zeros((1, 1, 8, 8), np.float32)))
    bench.write_plan()

    failed = failure(bench.run())

    assert failed.stage == stage
    assert said in failed.message


@pytest.mark.parametrize(
    ("worker", "error", "said"),
    [
        (["/nonexistent/loader"], "FileNotFoundError", "/nonexistent/loader"),
        (["/bin/sh", "-c", "echo disk is on fire >&2; exit 3"], "exit 3", "disk is on fire"),
        (["/bin/sh", "-c", "kill -SEGV $$"], "signal 11 (SIGSEGV)", "signal"),
    ],
)
def test_a_worker_that_does_not_start_fails_with_the_last_of_its_stderr(
    empty_bench: Bench, worker: list[str], error: str, said: str
) -> None:
    bench = empty_bench
    bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"), worker=worker)
    bench.quality("a0", bench.add_item(np.zeros((1, 1, 8, 8), np.float32)))
    bench.write_plan()

    records = bench.run()

    failed = failure(records)
    assert (failed.stage, failed.error) == ("start", error)
    assert said in failed.message
    assert [skipped.step for skipped in of_kind(records, StepSkipped)] == [0]
