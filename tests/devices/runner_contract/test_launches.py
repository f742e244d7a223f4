"""Launches: fresh processes of every arm, with a warm-up of their own, in the middle of the latency pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.documents.records import (
    ArmLoaded,
    LatencyBlock,
    Record,
    RunnerFinished,
    StepSkipped,
    WarmUpBlock,
    WarmUpDone,
)
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench, of_kind

PAIRS_A_LAUNCH = 2


@pytest.fixture(params=sorted(RUNNERS))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """Three launches of two pairs."""
    bench = Bench(tmp_path, RUNNERS[request.param]())
    for seed in (0, 1):
        bench.add_arm(models.conv_onnx(bench.folder / f"conv{seed}.onnx", seed=seed))
    bench.add_item(np.random.default_rng(8).random((1, 1, 8, 8), dtype=np.float32))
    for launch, start in enumerate((["a0", "a1"], ["a1", "a0"], ["a1", "a0"])):
        bench.warm_up(start, "i0", fresh=launch > 0)
        for pair in range(launch * PAIRS_A_LAUNCH, (launch + 1) * PAIRS_A_LAUNCH):
            bench.pair(pair, ["a0", "a1"], "i0", launch=launch)
    return bench


def processes(records: list[Record]) -> dict[tuple[int | None, str], set[int]]:
    """(launch, arm) → the processes that its blocks were measured in."""
    pids: dict[str, int] = {}
    found: dict[tuple[int | None, str], set[int]] = {}
    for record in records:
        match record:
            case ArmLoaded():
                pids[record.arm] = record.pid
            case LatencyBlock():
                found.setdefault((record.launch, record.arm), set()).add(pids[record.arm])
            case _:
                pass
    return found


def test_every_launch_has_processes_of_its_own_started_in_the_order_that_was_drawn(bench: Bench) -> None:
    bench.write_plan()
    records = bench.run()
    found = processes(records)
    assert sorted(found) == [(launch, arm) for launch in range(3) for arm in ("a0", "a1")]
    assert all(len(pids) == 1 for pids in found.values())
    assert len(set.union(*found.values())) == 6
    assert [one.arm for one in of_kind(records, ArmLoaded)] == ["a0", "a1", "a1", "a0", "a1", "a0"]
    assert [one.launch for one in of_kind(records, LatencyBlock)] == [0] * 4 + [1] * 4 + [2] * 4


def test_a_block_has_as_many_inferences_in_every_launch(bench: Bench) -> None:
    bench.write_plan()
    records = bench.run()
    done = of_kind(records, WarmUpDone)
    assert len(done) == 3
    assert len({one.block_inferences for one in done}) == 1
    assert {len(one.latency_ns) for one in of_kind(records, LatencyBlock)} == {done[0].block_inferences}


def test_a_fresh_warm_up_is_shorter_and_ends_after_one_inference_where_its_budget_is_spent(bench: Bench) -> None:
    bench.write_plan(warm_up_again_ns=1)
    blocks = of_kind(bench.run(), WarmUpBlock)
    first = min(block.step for block in blocks)
    assert all(len(block.latency_ns) >= 3 for block in blocks if block.step == first)
    assert {len(block.latency_ns) for block in blocks if block.step != first} == {1}


def test_what_remains_of_a_launch_is_measured_in_new_processes(bench: Bench) -> None:
    bench.write_plan()
    records = bench.run()
    whole = [place for place, one in enumerate(records) if isinstance(one, LatencyBlock) and one.launch == 1][1]
    kept = bench.records_path.read_bytes().splitlines(keepends=True)[: whole + 1]
    bench.records_path.write_bytes(b"".join(kept))
    again = bench.run()
    assert isinstance(again[-1], RunnerFinished)
    later = [one for one in of_kind(again, LatencyBlock) if one.session == 1]
    assert [(one.pair, one.launch) for one in later] == [(3, 1), (3, 1), (4, 2), (4, 2), (5, 2), (5, 2)]
    in_session = [one for one in again if one.session == 1]
    assert len(of_kind(in_session, WarmUpDone)) == 2
    assert len(set.union(*processes(in_session).values())) == 4


def test_a_pass_without_launches_says_none(bench: Bench) -> None:
    bench.steps.clear()
    bench.warm_up(["a0", "a1"], "i0")
    bench.pair(0, ["a0", "a1"], "i0")
    bench.write_plan()
    assert [one.launch for one in of_kind(bench.run(), LatencyBlock)] == [None, None]


def test_processes_stay_where_starting_them_costs_more_than_it_tells(bench: Bench) -> None:
    # Inferences of a tiny model take microseconds, and to start a worker takes far longer.
    bench.write_plan(launch_pairs_most=4, block_max_inferences=5, block_target_ns=1)
    records = bench.run()
    launches = [(one.pair, one.launch) for one in of_kind(records, LatencyBlock) if one.arm == "a0"]
    assert launches == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 2), (5, 2)]
    found = processes(records)
    assert all(len(pids) == 1 for pids in found.values())
    assert len(set.union(*found.values())) == 4
    (kept,) = of_kind(records, StepSkipped)
    assert "the processes stay" in kept.reason


def test_processes_that_stayed_are_begun_anew_and_warmed_up_after_a_restart(bench: Bench) -> None:
    bench.write_plan(launch_pairs_most=4, block_max_inferences=5, block_target_ns=1)
    records = bench.run()
    cut = next(place for place, one in enumerate(records) if isinstance(one, LatencyBlock) and one.pair == 3)
    kept = bench.records_path.read_bytes().splitlines(keepends=True)[:cut]
    bench.records_path.write_bytes(b"".join(kept))
    later = [one for one in bench.run() if one.session == 1]
    first = next(place for place, one in enumerate(later) if isinstance(one, LatencyBlock))
    assert any(isinstance(one, WarmUpDone) for one in later[:first])
    measured = [(one.pair, one.launch) for one in of_kind(later, LatencyBlock) if one.arm == "a0"]
    assert [pair for pair, _ in measured] == [3, 4, 5]
    assert measured[0] == (3, 1)
