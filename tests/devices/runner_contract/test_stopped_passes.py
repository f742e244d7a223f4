"""A `stop-latency` or `stop-energy` file ends that pass, the plan goes on, and no later start goes back to it."""

from __future__ import annotations

from harness.documents.records import (
    EnergyBlock,
    LatencyBlock,
    MemoryMeasured,
    PassStopped,
    RunnerFinished,
    WarmUpBlock,
)
from tests.devices.runner_contract.bench import Bench, kill_at_once, of_kind
from tests.devices.runner_contract.conftest import add_latency_pass


def test_a_pass_that_was_stopped_leaves_the_others_alone_and_is_not_gone_back_to(bench: Bench) -> None:
    bench.memory("a0", "i0")
    add_latency_pass(bench, pairs=1000)
    for cycle in range(2):
        bench.energy_cycle(cycle, [None, "a0", "a1"], "i0", duration_ms=20)
    plan = bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: len(of_kind(records, LatencyBlock)) >= 3)
    (bench.folder / "stop-latency").touch()
    bench.wait_for(lambda records: bool(of_kind(records, PassStopped)))
    (bench.folder / "stop-latency").unlink()
    bench.wait_for(lambda records: bool(of_kind(records, EnergyBlock)))
    kill_at_once(process)

    records = bench.run()

    (stopped,) = of_kind(records, PassStopped)
    assert stopped.of_pass == "latency"
    blocks = of_kind(records, LatencyBlock)
    assert {block.session for block in blocks} == {0}
    whole = {block.step for block in blocks if block.position == 1}
    assert stopped.step == max(whole) + 1
    assert not [record for record in of_kind(records, WarmUpBlock) if record.session == 1]
    energy = [step.step for step in plan.steps if step.kind == "energy"]
    assert [block.step for block in of_kind(records, EnergyBlock)] == energy
    assert len(of_kind(records, MemoryMeasured)) == 1
    assert isinstance(records[-1], RunnerFinished)
    assert records[-1].reason == "complete"


def test_a_file_from_before_the_pass_leaves_it_without_a_block(bench: Bench) -> None:
    add_latency_pass(bench, pairs=2)
    bench.energy_cycle(0, [None, "a0"], "i0", duration_ms=20)
    bench.quality("a0", "i0")
    bench.energy_cycle(1, [None, "a0"], "i0", duration_ms=20)
    bench.write_plan()
    (bench.folder / "stop-latency").touch()
    (bench.folder / "stop-energy").touch()

    records = bench.run()

    assert [(stopped.of_pass, stopped.step) for stopped in of_kind(records, PassStopped)] == [
        ("latency", 0),
        ("energy", 3),
    ]
    assert [record.record for record in records] == [
        "runner_started", "pass_stopped", "pass_stopped", "arm_loaded", "quality_output", "runner_finished",
    ]  # fmt: skip


def test_a_pass_whose_steps_are_all_done_was_not_stopped(bench: Bench) -> None:
    bench.energy_cycle(0, [None, "a0"], "i0", duration_ms=20)
    for _ in range(50):
        bench.quality("a0", "i0")
    bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: len(of_kind(records, EnergyBlock)) == 2)
    (bench.folder / "stop-energy").touch()

    assert process.wait(120) == 0
    assert not of_kind(bench.records(), PassStopped)


def test_a_stopped_energy_pass_ends_between_two_blocks(bench: Bench) -> None:
    for cycle in range(1000):
        bench.energy_cycle(cycle, ["a0", None], "i0", duration_ms=10)
    bench.memory("a1", "i0")
    bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: len(of_kind(records, EnergyBlock)) >= 3)
    (bench.folder / "stop-energy").touch()

    assert process.wait(120) == 0
    records = bench.records()
    (stopped,) = of_kind(records, PassStopped)
    assert [block.step for block in of_kind(records, EnergyBlock)] == list(range(stopped.step))
    assert len(of_kind(records, MemoryMeasured)) == 1
