"""Heat of the energy pass is told from the work that was done in its blocks; noise is not taken for it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from harness.analysis.conditions.energy_conditions import energy_warnings
from harness.documents.records import EnergyBlock
from tests.devices.power.simulated_device import Device

POWER_MW = {None: 700.0, "a0": 4000.0, "a1": 3000.0}
NAMES = {"a0": "fp32", "a1": "int8"}


@cache
def recorded(cycles: int) -> list[EnergyBlock]:
    return Device(POWER_MW, block_s=20.0, cycles=cycles).blocks({})


def blocks(cycles: int, slower: dict[str, np.ndarray], noise: float = 0.0, seed: int = 0) -> list[EnergyBlock]:
    """Of both arms; `slower`: arm → how many times as long its work takes in each cycle."""
    random = np.random.default_rng(seed)
    found = []
    for block in recorded(cycles):
        if block.arm is not None:
            factor = slower.get(block.arm, np.ones(cycles))[block.cycle] * np.exp(random.normal(0, noise))
            found.append(block.model_copy(update={"inferences": round(3000 / factor)}))
        else:
            found.append(block)
    return found


def test_the_arm_that_was_slowed_down_is_named_alone() -> None:
    (warning,) = energy_warnings(blocks(8, {"a1": np.linspace(1.0, 1.2, 8)}, 0.003), NAMES)
    assert warning.startswith("int8 did up to 1")
    assert "fewer inferences a second in the energy pass than at first (slowest about cycle 8)" in warning


def test_a_few_cycles_of_both_arms_are_looked_at_together() -> None:
    falls = np.array([1.0, 1.1, 1.2, 1.22, 1.25])
    (warning,) = energy_warnings(blocks(5, {"a0": falls, "a1": falls}, 0.003), NAMES)
    assert warning.startswith("The device did up to 20 % fewer inferences")


@pytest.mark.parametrize("cycles", [3, 5, 8, 20])
def test_noise_is_no_heat(cycles: int) -> None:
    loud = sum(bool(energy_warnings(blocks(cycles, {}, 0.02, seed), NAMES)) for seed in range(100))
    print(f"{loud} of 100 passes of {cycles} cycles with noise of 2 % warn")
    assert loud <= 3


def test_nothing_measured_is_nothing_told() -> None:
    assert energy_warnings([], NAMES) == []
    idle = [block.model_copy(update={"inferences": 0}) for block in blocks(8, {})]
    assert energy_warnings(idle, NAMES) == []
