"""The step of a clock, from the durations that it took: found where it matters, and not seen where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from harness.statistics.clock_step import ClockWatch, clock_step_ns


def ticked(true_ns: float, step_ns: float, n: int = 600, spread: float = 0.02, seed: int = 1) -> np.ndarray:
    """What a clock in steps tells: whole steps, more or fewer by where in one the work began."""
    random = np.random.default_rng(seed)
    took = true_ns * np.exp(random.normal(0, spread, n))
    begun = random.uniform(0, step_ns, n)
    return np.round((np.floor((begun + took) / step_ns) - np.floor(begun / step_ns)) * step_ns)


@pytest.mark.parametrize(
    ("true_ns", "step_ns"),
    [(3.1e6, 1e6), (8.2e6, 1e6), (40e6, 15.625e6), (3.1e6, 1e5), (3_000.0, 52.083), (900.0, 41.667), (2.0e9, 1e7)],
)
def test_a_coarse_clock_s_step_is_found(true_ns: float, step_ns: float) -> None:
    assert clock_step_ns(ticked(true_ns, step_ns)) == pytest.approx(step_ns, rel=0.02)


@pytest.mark.parametrize("n", [8, 30, 600, 20_000])
@pytest.mark.parametrize("true_ns", [2e5, 3e6, 3e9])
def test_a_fine_clock_shows_no_step_that_matters(true_ns: float, n: int) -> None:
    for seed in range(20):
        assert clock_step_ns(ticked(true_ns, 1.0, n, seed=seed)) <= 1e-4 * true_ns


def test_durations_that_are_all_the_same_may_be_a_step_long() -> None:
    assert clock_step_ns(np.full(40, 3e6)) == 3e6
    assert clock_step_ns(np.full(5, 3e6)) == 0.0


@pytest.mark.parametrize(("true_ns", "step_ns"), [(3.1e6, 1e6), (3.1e6, 1e5), (3.1e6, 1.0)])
def test_block_by_block_it_is_the_same(true_ns: float, step_ns: float) -> None:
    durations, watch = ticked(true_ns, step_ns, 6000), ClockWatch()
    for block in durations.reshape(60, 100):
        watch.take([int(each) for each in block])
    assert watch.step_ns == pytest.approx(clock_step_ns(durations), abs=2.0)
