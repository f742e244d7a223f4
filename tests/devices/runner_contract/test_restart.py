"""A runner that was killed, stopped or started twice goes on from what is on record, and nothing is counted twice."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from harness.documents.plan import Plan
from harness.documents.records import (
    ArmFailed,
    LatencyBlock,
    MemoryMeasured,
    QualityOutput,
    Record,
    RunnerFinished,
    RunnerStarted,
    WarmUpDone,
)
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, is_alive, kill_at_once, of_kind
from tests.devices.runner_contract.conftest import add_all_passes, add_latency_pass


def assert_complete(records: Sequence[Record], plan: Plan) -> None:
    """Each step has its result once; each pair has all its arms in one session, once."""
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == "complete"
    assert not of_kind(records, ArmFailed)
    by_kind = {
        kind: [step for step in plan.steps if step.kind == kind] for kind in ("quality", "memory", "latency_pair")
    }
    assert [r.step for r in of_kind(records, QualityOutput)] == [step.step for step in by_kind["quality"]]
    assert [r.step for r in of_kind(records, MemoryMeasured)] == [step.step for step in by_kind["memory"]]
    measured = Counter((block.step, block.session) for block in of_kind(records, LatencyBlock))
    whole = Counter(step for (step, _), blocks in measured.items() if blocks == 2)
    assert whole == {step.step: 1 for step in by_kind["latency_pair"]}
    assert max(measured.values(), default=0) <= 2
    starts = of_kind(records, RunnerStarted)
    assert [start.session for start in starts] == list(range(len(starts)))


@pytest.mark.parametrize("records_before_the_kill", [1, 3, 8, 17])
def test_killed_without_warning_it_goes_on_where_it_was(bench: Bench, records_before_the_kill: int) -> None:
    add_all_passes(bench, pairs=6)
    bench.hold("latency", before_block=6)
    plan = bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: len(records) >= records_before_the_kill)
    kill_at_once(process)
    bench.assert_no_worker_left()
    bench.let_go()

    records = bench.run()

    assert_complete(records, plan)
    assert records[-1].session == 1
    bench.assert_no_worker_left()


def test_killed_again_and_again_it_still_gets_to_the_end(bench: Bench) -> None:
    add_all_passes(bench, pairs=3)
    plan = bench.write_plan()
    for delay_s in (0.2, 0.9, 1.3):
        process = bench.start()
        time.sleep(delay_s)
        kill_at_once(process)

    assert_complete(bench.run(), plan)
    bench.assert_no_worker_left()


def test_the_block_length_of_the_first_session_is_kept(bench: Bench) -> None:
    add_latency_pass(bench, pairs=6)
    bench.hold("latency", before_block=3)
    bench.write_plan()
    process = bench.start()
    bench.wait_until_held()
    kill_at_once(process)
    bench.let_go()

    records = bench.run()

    first, again = of_kind(records, WarmUpDone)
    assert (first.session, again.session) == (0, 1)
    assert again.block_inferences == first.block_inferences
    assert {len(block.latency_ns) for block in of_kind(records, LatencyBlock)} == {first.block_inferences}


def test_a_torn_last_line_is_cut_off(bench: Bench) -> None:
    add_all_passes(bench, pairs=1)
    plan = bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: len(records) >= 4)
    kill_at_once(process)
    with bench.records_path.open("ab") as file:
        file.write(b'{"record":"quality_output","n":')

    assert_complete(bench.run(), plan)


def test_lines_that_a_power_loss_left_as_zeros_are_cut_off(bench: Bench) -> None:
    bench.quality("a0", "i0")
    bench.quality("a1", "i0")
    plan = bench.write_plan()
    bench.run()
    whole = bench.records_path.read_bytes().split(b"\n")
    bench.records_path.write_bytes(b"\n".join(whole[:3]) + b"\n" + b"\0" * 300 + b"\n" + b"\0" * 50)

    assert_complete(bench.run(), plan)


def test_records_that_are_damaged_in_the_middle_are_refused(bench: Bench) -> None:
    bench.quality("a0", "i0")
    bench.write_plan()
    bench.run()
    content = bench.records_path.read_bytes()
    damaged = content.replace(b'"n":1,', b'"n":7,', 1)
    bench.records_path.write_bytes(damaged)

    process = bench.start()

    assert process.wait(120) == 65
    assert bench.records_path.read_bytes() == damaged
    assert "damaged" in bench.log_path.read_text()


@pytest.mark.parametrize("means", ["file", "SIGTERM", "SIGTERM to the group"])
def test_stopped_it_ends_between_two_blocks_and_can_go_on(bench: Bench, means: str) -> None:
    add_latency_pass(bench, pairs=6)
    bench.hold("latency", before_block=3)
    bench.write_plan()
    process = bench.start()
    bench.wait_until_held()
    if means == "file":
        bench.stop_path.touch()
    elif means == "SIGTERM to the group":
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.send_signal(getattr(signal, means))

    assert process.wait(120) == 0
    records = bench.records()
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == "stopped"
    assert len(of_kind(records, LatencyBlock)) == 3
    bench.assert_no_worker_left()

    bench.stop_path.unlink(missing_ok=True)
    bench.let_go()
    plan = bench.write_plan()
    assert_complete(bench.run(), plan)


def test_a_stop_file_from_before_the_start_stops_it_before_the_first_step(bench: Bench) -> None:
    add_latency_pass(bench, pairs=1)
    bench.write_plan()
    bench.stop_path.touch()

    records = bench.run()

    assert [record.record for record in records] == ["runner_started", "runner_finished"]


def test_a_second_signal_does_not_wait_for_a_block_that_hangs(bench: Bench) -> None:
    add_latency_pass(bench, pairs=6)
    bench.hold("latency", before_block=3)
    bench.write_plan(step_timeout_s=600)
    process = bench.start()
    bench.wait_until_held()
    for pid in bench.worker_pids():
        if is_alive(pid):
            os.kill(pid, signal.SIGSTOP)
    bench.let_go()  # into a block that hangs
    # Two of one number may arrive as one: signals do not queue.
    for number in (signal.SIGTERM, signal.SIGINT):
        time.sleep(0.2)
        process.send_signal(number)

    assert process.wait(120) == 0
    finished = bench.records()[-1]
    assert isinstance(finished, RunnerFinished)
    assert finished.reason == "stopped"
    bench.assert_no_worker_left()


def test_two_runners_never_write_one_file(bench: Bench) -> None:
    add_latency_pass(bench, pairs=2)
    bench.hold("latency", before_block=1)
    plan = bench.write_plan()
    first = bench.start()
    bench.wait_for(lambda records: len(records) >= 2)

    second = bench.start()

    assert second.wait(120) == 75
    assert "another runner" in bench.log_path.read_text()
    bench.let_go()
    assert first.wait(120) == 0
    assert_complete(bench.records(), plan)
    assert {record.session for record in bench.records()} == {0}


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"schema": "bakeoff.plan/999"}', b'{"schema": "bakeoff.plan/1"}'])
def test_a_plan_that_cannot_be_used_is_refused_in_words(bench: Bench, content: bytes) -> None:
    bench.plan_path.write_bytes(content)

    assert bench.start().wait(120) == 65
    assert str(bench.plan_path) in bench.log_path.read_text()
    assert not bench.records_path.exists()


def test_ids_that_would_leave_the_folder_are_refused(bench: Bench) -> None:
    bench.quality("a0", "i0")
    bench.write_plan()
    bench.plan_path.write_text(bench.plan_path.read_text().replace('"a0"', '"../a0"'))

    assert bench.start().wait(120) == 65
    assert not bench.records_path.exists()


def test_an_output_that_is_carried_into_the_next_item_survives_a_kill(empty_bench: Bench) -> None:
    """A plan may name, as an input, what an earlier step puts out: a clip's state goes from frame to frame."""
    bench = empty_bench
    arm = bench.add_arm(models.counting_onnx(bench.folder / "counting.onnx"))
    bench.add_item(np.zeros((1,), np.float32))
    for item in range(1, 40):
        bench.items[f"i{item}"] = {arm: [str(bench.folder / f"outputs/{arm}/i{item - 1}.0.npy")]}
    for item in bench.items:
        bench.quality(arm, item)
    bench.memory(arm, "i39")
    plan = bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: len(of_kind(records, QualityOutput)) >= 7)
    kill_at_once(process)

    records = bench.run()

    assert_complete(records, plan)
    counts = [np.load(bench.folder / f"outputs/{arm}/i{item}.0.npy").item() for item in range(40)]
    assert counts == [float(item + 1) for item in range(40)]
