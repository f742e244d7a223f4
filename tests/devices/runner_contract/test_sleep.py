"""A machine that sleeps while it measures is found out, though the clock that everything is timed by stands still."""

from __future__ import annotations

import itertools

import pytest

from harness.records import Context, LatencyBlock, Record
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
    add_latency_pass(bench, pairs=60)
    bench.write_plan()
    process = bench.start()
    bench.wait_for(lambda records: len(of_kind(records, LatencyBlock)) >= 4)
    slept.touch()
    assert process.wait(60) == 0

    seen = [context.suspended_ns for context in contexts(bench.records())]

    assert None not in seen
    grown = [after - before for before, after in itertools.pairwise(seen) if after and before is not None]
    assert [growth for growth in grown if abs(growth) > JITTER_NS] == pytest.approx([7e9], abs=JITTER_NS)
