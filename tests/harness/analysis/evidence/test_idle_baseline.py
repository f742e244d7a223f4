"""Idle power of a device that has not cooled is told, and kept from meeting a rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from devices.power.source import BlockEnergy
from devices.readings.unavailable import NotThere
from harness.analysis.evidence.idle_baseline import idle_doubt
from harness.documents.records import Context, EnergyBlock, GateOutcome

NAMES = {"a0": "fp32", "a1": "int8"}
CYCLES = 8


def doubt(
    idle_mw: Callable[[str | None, int], float], warm: Callable[[int], bool] = lambda _cycle: False
) -> str | None:
    """`idle_mw`: the arm that worked before, and the cycle → power of an idle block; arms take 3000 mW."""
    blocks: list[EnergyBlock] = []
    energies: list[BlockEnergy | NotThere] = []
    before: str | None = None
    for cycle in range(CYCLES):
        for arm in (None, "a0", None, "a1") if cycle % 2 else (None, "a1", None, "a0"):
            context = Context(monotonic_ns=0)
            failed = ["temperature"] if arm is None and before is not None and warm(cycle) else []
            blocks.append(
                EnergyBlock(
                    n=0, session=0, monotonic_ns=0, step=0, cycle=cycle, position=0, arm=arm, item="i0", started_ns=0,
                    ended_ns=10**10, wall_started_ns=0, wall_ended_ns=0, inferences=0, readings=[], before=context,
                    after=context, gate=GateOutcome(waited_ns=0, values={}, failed=failed),
                )
            )  # fmt: skip
            power_mw = 3000.0 if arm is not None else idle_mw(before, cycle)
            energies.append(BlockEnergy(power_mw * 10, 0.1, power_mw, 10**10))
            before = arm or before
    return idle_doubt(blocks, energies, NAMES)


def test_idling_that_depends_on_nothing_is_no_doubt() -> None:
    random = np.random.default_rng(1)
    told = [doubt(lambda _before, _cycle: 800 * (1 + random.normal(0, 0.01))) for _ in range(200)]
    assert sum(one is not None for one in told) <= 2


def test_idling_that_depends_on_what_ran_before_is_one() -> None:
    random = np.random.default_rng(2)
    found = doubt(lambda before, _cycle: (900 if before == "a1" else 800) * (1 + random.normal(0, 0.01)))
    assert found is not None
    assert found.startswith("idle power depends on what ran before (")
    assert "mW higher right after int8)" in found


def test_so_is_idling_that_is_higher_after_work_than_after_a_rest() -> None:
    random = np.random.default_rng(3)
    found = doubt(lambda before, _cycle: (800 if before is None else 900) * (1 + random.normal(0, 0.01)))
    assert found is not None
    assert "mW higher after the device had worked than after it had rested" in found


def test_a_difference_that_hardly_changes_what_an_arm_takes_is_none() -> None:
    assert doubt(lambda before, cycle: (820 if before == "a1" else 800) + cycle % 3) is None


def test_where_the_gate_says_that_it_was_warm_the_few_cool_blocks_have_to_tell_it_well_enough() -> None:
    random = np.random.default_rng(4)
    noisy = doubt(lambda _before, _cycle: 800 * (1 + random.normal(0, 0.1)), warm=lambda cycle: cycle > 1)
    assert noisy is not None
    assert noisy.startswith("in 6 of 8 cycles the device was still warm when it idled, and idle power is known from ")
    assert doubt(lambda _before, cycle: 800.0 + cycle, warm=lambda cycle: cycle > 1) is None
