"""Energy blocks: work or idling for a time, with readings around and during it, and no sampler in any other pass."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass

import numpy as np
import pytest

from harness.documents.plan import EnergyOptions
from harness.documents.records import ArmFailed, ArmLoaded, EnergyBlock, Record, RunnerFinished, SoakWindow, StepSkipped
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, WAIT_S, Bench, kill_at_once, of_kind

ORDERS: list[list[str | None]] = [["a1", None, "a0"], [None, "a0", "a1"]]
# The shortest in which the runner is not held up for all of an arm's blocks: then it would have taken no sample there.
DURATIONS_MS = (200, 2_000, 20_000)
SAMPLE_EVERY_NS = 10_000_000


@dataclass(frozen=True)
class Walk:
    """Two cycles, walked once."""

    records: list[Record]
    blocks: list[EnergyBlock]
    duration_ms: int

    def sampled_arms(self) -> set[str | None]:
        """Whose blocks have readings between those at their ends."""
        return {block.arm for block in self.blocks if len(block.readings) > 6}


@pytest.fixture(scope="module", params=sorted(RUNNERS))
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    for duration_ms in DURATIONS_MS:
        walked = walk_two_cycles(Bench(tmp_path_factory.mktemp("energy"), RUNNERS[request.param]()), duration_ms)
        if walked.sampled_arms() == {None, "a0", "a1"}:
            break
    return walked


def walk_two_cycles(bench: Bench, duration_ms: int) -> Walk:
    for seed in (0, 1):
        bench.add_arm(models.conv_onnx(bench.folder / f"conv{seed}.onnx", seed=seed))
    bench.add_item(np.zeros((1, 1, 8, 8), np.float32))
    bench.file_probe("counter", "123456 uJ\n")
    bench.file_probe("power", "7 W\n")
    bench.command_probe("battery", "echo", "{pid}")
    bench.energy_options = EnergyOptions(
        lead_in_ns=5_000_000,
        boundary_probes=["battery", "counter"],
        sampled_probes=["power", "counter"],
        sample_every_ns=SAMPLE_EVERY_NS,
    )
    for cycle, order in enumerate(ORDERS):
        bench.energy_cycle(cycle, order, "i0", duration_ms=duration_ms)
    bench.write_plan()
    records = bench.run()
    bench.assert_no_worker_left()
    return Walk(records, of_kind(records, EnergyBlock), duration_ms)


def test_every_block_is_made_once_and_in_the_order_of_the_plan(walk: Walk) -> None:
    assert [block.step for block in walk.blocks] == list(range(6))
    assert [block.arm for block in walk.blocks] == [arm for order in ORDERS for arm in order]
    assert [(block.cycle, block.position) for block in walk.blocks] == [(c, p) for c in (0, 1) for p in (0, 1, 2)]
    assert isinstance(walk.records[-1], RunnerFinished)
    assert walk.records[-1].reason == "complete"


def test_a_block_lasts_as_long_as_asked_for_and_only_arms_infer(walk: Walk) -> None:
    for block in walk.blocks:
        assert block.ended_ns - block.started_ns >= walk.duration_ms * 1e6
        assert (block.inferences > 0) == (block.arm is not None)
        assert block.before.monotonic_ns <= block.started_ns <= block.ended_ns <= block.after.monotonic_ns


def test_wall_clocks_tell_the_same_time(walk: Walk) -> None:
    offset_ns = time.time_ns() - time.monotonic_ns()
    for block in walk.blocks:
        for wall_ns, monotonic_ns in (
            (block.wall_started_ns, block.started_ns),
            (block.wall_ended_ns, block.ended_ns),
        ):
            # A minute is far below a mistaken epoch or unit, and far above what a clock is slewed during a test.
            assert abs(wall_ns - monotonic_ns - offset_ns) < 60e9


def test_all_arms_are_loaded_before_the_first_block_and_once(walk: Walk) -> None:
    loaded = of_kind(walk.records, ArmLoaded)
    assert {record.arm for record in loaded} == {"a0", "a1"}
    assert len(loaded) == 2
    assert max(record.n for record in loaded) < walk.blocks[0].n


def test_boundary_probes_come_first_and_last_and_sampled_ones_at_the_ends_and_between(walk: Walk) -> None:
    for block in walk.blocks:
        before = [reading.probe for reading in block.readings if reading.monotonic_ns <= block.started_ns]
        after = [reading.probe for reading in block.readings if reading.monotonic_ns >= block.ended_ns]
        # Where a sample was due just before the work began or as it ended, it lies between these and the work.
        assert before[:3] == ["battery", "counter", "power"]
        assert after[-3:] == ["power", "battery", "counter"]
        during = [reading.probe for reading in block.readings[3:-3]]
        assert during == ["power", "counter"] * (len(during) // 2)
        if during:
            # Samples that were missed are not made up for in a burst: only the first two may be closer than asked for.
            powers = [reading.monotonic_ns for reading in block.readings[3:-3] if reading.probe == "power"]
            assert len(powers) - 2 <= (powers[-1] - powers[0]) / SAMPLE_EVERY_NS
        stamps = [reading.monotonic_ns for reading in block.readings]
        assert stamps == sorted(stamps)
        assert {reading.text for reading in block.readings if reading.probe == "counter"} == {"123456 uJ\n"}
    assert walk.sampled_arms() == {None, "a0", "a1"}


def test_pid_is_that_of_the_working_arm_and_without_one_an_error(walk: Walk) -> None:
    pids = {record.arm: record.pid for record in of_kind(walk.records, ArmLoaded)}
    for block in walk.blocks:
        reading = block.readings[0]
        if block.arm is None:
            assert reading.text is None
            assert reading.error is not None
            assert "{pid}" in reading.error
        else:
            assert reading.text == f"{pids[block.arm]}\n"


def test_a_block_is_told_in_slices_that_make_it_up(bench: Bench) -> None:
    bench.energy_options = EnergyOptions(lead_in_ns=1_000_000, slices=5)
    energy_bench(bench, cycles=2, duration_ms=300)
    bench.write_plan()

    blocks = of_kind(bench.run(), EnergyBlock)

    assert len(blocks) == 6
    for block in blocks:
        if block.arm is None:
            assert (block.slice_inferences, block.slice_ns) == ([], [])
            continue
        # That they add up to the block, its record says: `harness.documents.records.EnergyBlock`.
        assert len(block.slice_inferences) == len(block.slice_ns) == 5
        ends_ns = np.cumsum(block.slice_ns)
        for place, end_ns in enumerate(ends_ns[:-1]):
            # A slice is cut by the first inference that ends beyond its end; one that skips a slice leaves it empty.
            assert end_ns >= (place + 1) * 60_000_000 or block.slice_inferences[place] == 0
        assert all(
            (count == 0) == (took == 0) for count, took in zip(block.slice_inferences, block.slice_ns, strict=True)
        )
        assert min(block.slice_inferences, default=0) >= 0


def test_slices_longer_than_an_inference_all_hold_some_and_one_shorter_may_hold_none(bench: Bench) -> None:
    bench.energy_options = EnergyOptions(slices=1000)
    energy_bench(bench, cycles=1, duration_ms=2)
    bench.write_plan()

    for block in of_kind(bench.run(), EnergyBlock):
        if block.arm is not None:
            assert len(block.slice_ns) == 1000
            assert 0 in block.slice_inferences
            assert sum(block.slice_inferences) == block.inferences


def test_where_none_are_asked_for_there_are_no_slices(bench: Bench) -> None:
    energy_bench(bench, cycles=1)
    bench.write_plan()

    assert all(block.slice_ns == [] for block in of_kind(bench.run(), EnergyBlock))


def test_the_device_rests_before_the_first_block_of_each_session_alone(bench: Bench) -> None:
    rest_ns = 400_000_000
    bench.energy_options = EnergyOptions(rest_ns=rest_ns)
    energy_bench(bench, cycles=1)
    bench.hold("energy", before_block=2)
    bench.write_plan()
    process = bench.start()
    bench.wait_until_held()
    kill_at_once(process)
    bench.let_go()

    records = bench.run()

    loaded_ns = {
        session: max(one.monotonic_ns for one in of_kind(records, ArmLoaded) if one.session == session)
        for session in (0, 1)
    }
    first = {block.session: block for block in reversed(of_kind(records, EnergyBlock))}
    assert set(first) == {0, 1}
    for session, block in first.items():
        assert block.started_ns - loaded_ns[session] >= rest_ns


def energy_bench(bench: Bench, *, cycles: int, duration_ms: float = 30) -> None:
    for cycle in range(cycles):
        bench.energy_cycle(cycle, [None, "a0", "a1"], "i0", duration_ms=duration_ms)


def test_a_command_that_is_slow_and_hangs_does_not_hold_up_the_block(bench: Bench) -> None:
    bench.command_probe("hangs", sys.executable, "-c", "import time; time.sleep(600)", timeout_ns=200_000_000)
    bench.energy_options = EnergyOptions(sampled_probes=["hangs"], sample_every_ns=1_000_000)
    energy_bench(bench, cycles=1)
    bench.write_plan()

    blocks = of_kind(bench.run(), EnergyBlock)

    assert len(blocks) == 3
    for block in blocks:
        assert all(reading.text is None for reading in block.readings)
        assert len(block.readings) >= 2


def test_killed_in_a_cycle_it_goes_on_with_the_block_that_was_cut(bench: Bench) -> None:
    energy_bench(bench, cycles=3)
    bench.hold("energy", before_block=4)
    bench.write_plan()
    process = bench.start()
    bench.wait_until_held()
    kill_at_once(process)
    bench.assert_no_worker_left()
    bench.let_go()

    records = bench.run()

    assert [block.step for block in of_kind(records, EnergyBlock)] == list(range(9))
    again = [record for record in records if record.session == 1]
    assert {record.arm for record in of_kind(again, ArmLoaded)} == {"a0", "a1"}
    assert max(record.n for record in of_kind(again, ArmLoaded)) < of_kind(again, EnergyBlock)[0].n


def test_the_blocks_of_an_arm_that_failed_are_skipped_and_the_others_go_on(bench: Bench) -> None:
    energy_bench(bench, cycles=4)
    bench.hold("energy", before_block=4)
    bench.write_plan()
    process = bench.start()
    (dies,) = (record.pid for record in of_kind(bench.wait_until_held(), ArmLoaded) if record.arm == "a1")
    os.kill(dies, signal.SIGSTOP)
    bench.let_go()
    # The block of a0 is on record, and the next is the one that a1 dies in.
    bench.wait_for(lambda records: len(of_kind(records, EnergyBlock)) >= 5)
    os.kill(dies, signal.SIGSEGV)
    os.kill(dies, signal.SIGCONT)
    assert process.wait(120) == 0

    records = bench.records()

    (failed,) = of_kind(records, ArmFailed)
    assert (failed.arm, failed.stage, failed.error) == ("a1", "energy", "signal 11 (SIGSEGV)")
    skipped = {record.step for record in of_kind(records, StepSkipped)}
    assert skipped == {5, 8, 11}
    assert {block.step for block in of_kind(records, EnergyBlock)} == set(range(12)) - skipped


def test_an_arm_that_cannot_be_loaded_does_not_keep_the_device_from_idling(bench: Bench) -> None:
    models.truncated(bench.folder / "conv1.onnx", bench.folder / "conv0.onnx")
    energy_bench(bench, cycles=1)
    bench.write_plan()

    records = bench.run()

    (failed,) = of_kind(records, ArmFailed)
    assert (failed.arm, failed.stage) == ("a1", "load")
    assert [block.arm for block in of_kind(records, EnergyBlock)] == [None, "a0"]
    assert [record.step for record in of_kind(records, StepSkipped)] == [2]


def energy_and_soak_blocks(bench: Bench, timeout_s: float, duration_ms: float) -> tuple[list[Record], list[Record]]:
    """What two runners at once have on record of one such block each."""
    both = [Bench(bench.folder / f"{name} {timeout_s}", bench.command) for name in ("energy", "soaking")]
    for one in both:
        one.folder.mkdir()
        one.arms, one.items = bench.arms, bench.items
    both[0].energy_cycle(0, ["a0"], "i0", duration_ms=duration_ms)
    both[1].soak("a0", "i0", duration_ms=duration_ms, window_ms=duration_ms)
    for one in both:
        one.write_plan(step_timeout_s=timeout_s)
    processes = [one.start() for one in both]
    assert [process.wait(WAIT_S) for process in processes] == [0, 0]
    return both[0].records(), both[1].records()


def test_a_block_may_last_longer_than_a_worker_may_be_silent(bench: Bench) -> None:
    # A worker's start, with the runtime that it loads, is within the time that it may be silent: on a busy machine it
    # takes longer, and the longer time is for that.
    for timeout_s in (8.0, 60.0):
        energy, soak = energy_and_soak_blocks(bench, timeout_s, duration_ms=timeout_s * 1000 + 200)
        if not [failed for failed in of_kind([*energy, *soak], ArmFailed) if failed.stage in {"start", "load"}]:
            break

    assert not of_kind([*energy, *soak], ArmFailed)
    assert len(of_kind(energy, EnergyBlock)) == 1
    assert len(of_kind(soak, SoakWindow)) == 1
