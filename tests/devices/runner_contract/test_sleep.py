"""A machine that sleeps while it measures is found out, though the clock that everything is timed by stands still."""

from __future__ import annotations

import itertools

import pytest

from harness.documents.records import Context, LatencyBlock, Record
from tests.devices.built_library import built_library
from tests.devices.runner_contract.bench import Bench, of_kind
from tests.devices.runner_contract.conftest import add_latency_pass

JITTER_NS = 100_000_000


def contexts(records: list[Record]) -> list[Context]:
    blocks = of_kind(records, LatencyBlock)
    return [context for block in blocks for context in (block.before, block.after)]


def test_the_time_that_a_machine_slept_is_on_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = bench.folder / "slept"
    monkeypatch.setenv("LD_PRELOAD", str(built_library("sleeping_clock.c")))
    monkeypatch.setenv("SLEPT_FILE", str(slept))
    monkeypatch.setenv("ASAN_OPTIONS", "verify_asan_link_order=0")
    add_latency_pass(bench, pairs=6)
    bench.hold("latency", before_block=4)
    bench.write_plan()
    process = bench.start()
    bench.wait_until_held()
    slept.touch()
    bench.let_go()
    assert process.wait(120) == 0

    seen = [context.suspended_ns for context in contexts(bench.records())]

    known = [suspended_ns for suspended_ns in seen if suspended_ns is not None]
    assert len(known) == len(seen) == 24
    # The clock that is behind is read first: a runner that is held up between the two is off by that, and upwards.
    levels = [min(known[:8]), min(known[8:16]), min(known[16:])]
    grown = [later - earlier for earlier, later in itertools.pairwise(levels)]
    assert grown == pytest.approx([7e9, 0], abs=JITTER_NS)


def test_the_time_that_a_machine_slept_is_never_negative(bench: Bench) -> None:
    add_latency_pass(bench, pairs=6)
    bench.write_plan()
    assert bench.start().wait(60) == 0

    seen = [context.suspended_ns for context in contexts(bench.records())]

    assert len(seen) == 24
    assert all(suspended_ns is not None and suspended_ns >= 0 for suspended_ns in seen), seen


def test_a_clock_that_is_behind_tells_nothing_of_sleep(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", str(built_library("sleeping_clock.c")))
    monkeypatch.setenv("BEHIND_S", "1000000000")
    monkeypatch.setenv("ASAN_OPTIONS", "verify_asan_link_order=0")
    add_latency_pass(bench, pairs=2)
    bench.write_plan()
    assert bench.start().wait(60) == 0

    assert {context.suspended_ns for context in contexts(bench.records())} == {None}
