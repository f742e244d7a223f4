"""The runner's own fixed work before each block, and the worker's CPU time in it."""

from __future__ import annotations

import pytest

from harness.documents.records import LatencyBlock, WarmUpDone
from tests.devices.built_library import built_library
from tests.devices.runner_contract.bench import Bench, kill_at_once, of_kind
from tests.devices.runner_contract.conftest import add_latency_pass


def test_the_fixed_work_is_done_three_times_before_each_block_and_kept_in_later_sessions(bench: Bench) -> None:
    add_latency_pass(bench, pairs=6)
    bench.hold("latency", before_block=3)
    bench.write_plan(reference_target_ns=2_000_000)
    process = bench.start()
    bench.wait_until_held()
    kill_at_once(process)
    bench.let_go()

    records = bench.run()

    first, again = of_kind(records, WarmUpDone)
    assert first.session < again.session
    assert first.reference_bytes is not None
    assert first.reference_bytes > 0
    assert again.reference_bytes == first.reference_bytes
    for block in of_kind(records, LatencyBlock):
        assert len(block.reference_ns) == len(block.reference_cpu_ns) == 3
        assert min(block.reference_ns) > 0
        # Two clocks: the one of durations may be slewed, by at most half a thousandth.
        assert all(
            0 < used <= 1.001 * took for took, used in zip(block.reference_ns, block.reference_cpu_ns, strict=True)
        )
        # All of it lies between the block before and the lead-ins of this one.
        earlier = [other.ended_ns for other in of_kind(records, LatencyBlock) if other.n < block.n]
        lead_in_began_ns = block.started_ns - sum(block.lead_in_ns)
        if earlier and block.session == first.session:
            assert earlier[-1] + sum(block.reference_ns) <= lead_in_began_ns


def test_what_other_programs_take_of_the_core_is_in_the_durations_and_not_in_the_cpu_times(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel counts a quarter of the CPU time, as if others had had the rest: durations know nothing of that."""
    monkeypatch.setenv("LD_PRELOAD", str(built_library("slow_cpu_clock.c")))
    monkeypatch.setenv("ASAN_OPTIONS", "verify_asan_link_order=0")
    add_latency_pass(bench, pairs=2)
    bench.write_plan(reference_target_ns=5_000_000)

    blocks = of_kind(bench.run(), LatencyBlock)

    assert len(blocks) == 4
    for block in blocks:
        assert all(used > 0 for used in block.reference_cpu_ns)
        # Whoever had the core: a thread's CPU time is at most the time that went by, and a quarter of it was counted.
        assert 3 * sum(block.reference_cpu_ns) <= sum(block.reference_ns)
        assert block.cpu_ns is not None
        assert 3 * block.cpu_ns <= block.ended_ns - block.started_ns + sum(block.lead_in_ns)


def test_no_fixed_work_is_done_where_none_was_asked_for(bench: Bench) -> None:
    add_latency_pass(bench, pairs=1)
    bench.write_plan()

    records = bench.run()

    (done,) = of_kind(records, WarmUpDone)
    assert done.reference_bytes is None
    assert [block.reference_ns for block in of_kind(records, LatencyBlock)] == [[], []]
    assert [block.reference_cpu_ns for block in of_kind(records, LatencyBlock)] == [[], []]


def test_cpu_time_of_the_worker_is_that_of_its_block(bench: Bench) -> None:
    add_latency_pass(bench, pairs=2)
    bench.write_plan(block_target_ns=50_000_000, block_max_inferences=100_000)

    blocks = of_kind(bench.run(), LatencyBlock)

    for block in blocks:
        assert block.cpu_ns is not None
        # One thread works; two ticks of 10 ms are allowed for where the kernel counts by ticks.
        assert 0 < block.cpu_ns <= block.ended_ns - block.started_ns + sum(block.lead_in_ns) + 20_000_000
