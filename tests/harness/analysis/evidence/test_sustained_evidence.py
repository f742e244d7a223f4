"""Long blocks of each arm alone: what of a block counts, how it slowed down, and when nothing can be said."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from harness.analysis.evidence.evidence import Paired
from harness.analysis.evidence.sustained_evidence import (
    can_be_halved,
    doubt_of_lengths,
    doubt_of_starts,
    long_run,
    sustained_effect,
    sustained_level,
)
from harness.documents.comparison import NoEffect
from harness.documents.records import Context, EnergyBlock, GateOutcome
from harness.quantity import Available, Unavailable

NAMES = {"a0": "fp32", "a1": "int8"}
STEADY = [10.0] * 10


def block(
    cycle: int,
    arm: str,
    slices_ms: Sequence[float] = STEADY,
    *,
    celsius: float | None = 30.0,
    warm: bool = False,
    slept_ns: int = 0,
) -> EnergyBlock:
    """Each slice lasts a second; `slices_ms`: what an inference takes in each."""
    counts = [round(1000 / took) for took in slices_ms]
    took_ns = [round(count * took * 1e6) for count, took in zip(counts, slices_ms, strict=True)]
    started_ns = cycle * 10**12
    return EnergyBlock(
        n=0, session=0, monotonic_ns=started_ns, step=0, cycle=cycle, position=0, arm=arm, item="i0",
        started_ns=started_ns, ended_ns=started_ns + sum(took_ns), wall_started_ns=0, wall_ended_ns=0,
        inferences=sum(counts), readings=[], before=Context(monotonic_ns=0, suspended_ns=0),
        after=Context(monotonic_ns=0, suspended_ns=slept_ns), slice_inferences=counts, slice_ns=took_ns,
        gate=GateOutcome(waited_ns=0, values={"temperature": celsius}, failed=["temperature"] * warm),
    )  # fmt: skip


def both(cycles: int = 6, **fields: object) -> list[EnergyBlock]:
    return [block(cycle, arm, **fields) for cycle in range(cycles) for arm in NAMES]  # type: ignore[arg-type]


def test_the_second_half_of_a_block_counts_and_its_ends_tell_how_it_slowed_down() -> None:
    warms = [8.0, 8.0, 9.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0]
    run = long_run([block(cycle, "a0", warms) for cycle in range(3)], halved=True)
    assert run.latency_ns == {cycle: pytest.approx(10e6) for cycle in range(3)}
    assert run.slowdown is not None
    assert math.exp(run.slowdown.mean) == pytest.approx(10 / 8)
    assert run.still_slowing is not None
    assert run.still_slowing.mean == pytest.approx(0.0, abs=1e-9)


def test_blocks_that_were_not_told_in_slices_count_whole() -> None:
    old = [one.model_copy(update={"slice_inferences": [], "slice_ns": []}) for one in both()]
    assert not can_be_halved(old)
    run = long_run([one for one in old if one.arm == "a0"], halved=False)
    assert run.latency_ns[0] == pytest.approx(10e6)
    assert (run.slowdown, run.still_slowing) == (None, None)
    level = sustained_level(run, ", here", None, None)
    assert isinstance(level.value, Available)
    assert level.value.source == "geometric mean of 6 blocks of 10 s, alone, here"


def test_one_block_without_inferences_at_its_end_makes_all_of_them_count_whole() -> None:
    stuck = block(0, "a0").model_copy(update={"slice_inferences": [100] * 5 + [0] * 5})
    assert can_be_halved(both())
    assert not can_be_halved([*both(), stuck])


def test_the_effect_is_that_of_the_cycles() -> None:
    random = np.random.default_rng(1)
    shared = np.exp(random.normal(0, 0.05, 8))
    ours = long_run([block(at, "a0", [10 * one] * 10) for at, one in enumerate(shared)], halved=True)
    theirs = long_run([block(at, "a1", [11 * one] * 10) for at, one in enumerate(shared)], halved=True)
    effect = sustained_effect(ours, theirs, 1, None, dict.fromkeys(range(8), True), None)
    assert isinstance(effect, Paired)
    assert math.exp(effect.estimate.mean) == pytest.approx(1.1, rel=1e-6)
    assert (effect.replicate, effect.excluded, effect.doubt) == ("cycle of long blocks", {}, None)


def test_a_device_that_slept_in_a_block_loses_it_and_too_many_lost_are_a_doubt() -> None:
    ours = long_run([block(at, "a0") for at in range(6)], halved=True)
    for lost, is_doubted in ((1, False), (2, True)):
        some = [block(at, "a1", slept_ns=5 * 10**9 if at < lost else 0) for at in range(6)]
        effect = sustained_effect(ours, long_run(some, halved=True), 1, None, dict.fromkeys(range(6), True), None)
        assert isinstance(effect, Paired)
        assert sum(effect.excluded.values()) == lost
        assert (effect.doubt is not None) == is_doubted
    none = long_run([block(at, "a1", slept_ns=5 * 10**9) for at in range(4)], halved=True)
    few = sustained_effect(ours, none, 1, None, {}, None)
    assert isinstance(few, NoEffect)
    assert "slept for 5.0 s" in few.reason
    assert isinstance(sustained_level(none, "", None, None).value, Unavailable)


def test_what_is_not_known_of_the_temperature_at_the_start_is_a_doubt() -> None:
    assert doubt_of_starts(both(), "a0", "a1", NAMES, 3.0) is None
    unread = doubt_of_starts(both(celsius=None), "a0", "a1", NAMES, 3.0)
    assert unread is not None
    assert "could not be read" in unread
    warm = [one if one.arm == "a0" else block(one.cycle, "a1", warm=one.cycle < 2) for one in both()]
    assert doubt_of_starts(warm, "a0", "a1", NAMES, 3.0) == (
        "2 of 6 blocks of int8 began before the device had cooled (raise measure.gates.cool_wait_s)"
    )
    warmer = [one if one.arm == "a0" else block(one.cycle, "a1", celsius=32.0) for one in both()]
    assert (
        doubt_of_starts(warmer, "a0", "a1", NAMES, 3.0) == "the blocks of int8 began 2.0 °C warmer than those of fp32"
    )
    assert doubt_of_starts(warmer, "a0", "a1", NAMES, 5.0) is None


def test_an_arm_that_still_slows_down_as_its_blocks_end_is_a_doubt() -> None:
    rising = [8.0 + 0.1 * at for at in range(10)]
    runs = {
        name: long_run([block(at, arm, rising if arm == "a1" else STEADY) for at in range(6)], halved=True)
        for arm, name in NAMES.items()
    }
    found = doubt_of_lengths(runs)
    assert found is not None
    assert found.startswith("int8 still slowed down as its blocks ended (by 3.6 % within")
    assert doubt_of_lengths({"fp32": runs["fp32"]}) is None
