"""What stands out is named, what slows down is found, and clean runs are quiet 99 times in a hundred."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from harness.statistics.outliers import find_outliers
from harness.statistics.throttling import find_throttling


def clean(random: np.random.Generator, n: int) -> np.ndarray:
    """AR(1) with coefficient .6, 2 %, and a drift of 5 %."""
    noise = lfilter([1.0], [1.0, -0.6], random.normal(0, 0.016, n + 50))[50:]
    return np.asarray(noise + 0.05 * np.arange(n) / n)


@pytest.mark.parametrize("n", [10, 30, 100])
def test_outliers_are_named_and_clean_series_have_none(n: int) -> None:
    random = np.random.default_rng(n)
    alarms, found = 0, 0
    for _ in range(500):
        values = clean(random, n)
        alarms += bool(find_outliers(values, least_size=0.0))
        at = int(random.integers(n))
        values[at] += 0.4
        found += at in find_outliers(values, least_size=0.1)
    print(f"{n} blocks: {alarms / 500:.1%} of clean series name one; a block 40 % off is named in {found / 500:.1%}")
    assert alarms / 500 < 0.02
    assert found / 500 > 0.95


def test_a_new_level_and_what_is_too_small_or_too_few_are_no_outliers() -> None:
    random = np.random.default_rng(1)
    assert find_outliers(np.where(np.arange(30) < 15, 0.0, 0.3) + random.normal(0, 0.01, 30), least_size=0.1) == []
    small = random.normal(0, 0.001, 30)
    small[7] += 0.05
    assert find_outliers(small, least_size=0.0) == [7]
    assert find_outliers(small, least_size=0.1) == []
    assert find_outliers(np.array([0.0] * 8 + [9.0]), least_size=0.1) == []


def reference_work(random: np.random.Generator, n: int, slowed: np.ndarray) -> np.ndarray:
    """The fastest of three repeats of 5 ms with 2 % noise, slower by `slowed`."""
    return np.asarray(np.min(5e6 * slowed * np.exp(random.normal(0, 0.02, (3, n))), axis=0))


@pytest.mark.parametrize("n", [20, 60, 120])
def test_throttling_above_ten_per_cent_is_always_found_and_a_cool_device_is_not_suspected(n: int) -> None:
    random = np.random.default_rng(n)
    time, found, cool = np.arange(n) / n, 0, 0
    for run in range(1000):
        factor = random.uniform(1.10, 1.6)
        begins, lasts = random.uniform(0.15, 0.5), random.uniform(0.3, 0.5)
        shapes = [
            np.where(time > begins, factor, 1.0),  # a step
            1.0 + (factor - 1.0) * (1 - np.exp(-np.maximum(time - begins, 0) / 0.05)),  # a thermal mass
            np.where((time > begins) & (time < begins + lasts), factor, 1.0),  # and it recovers
        ]
        found += find_throttling(reference_work(random, n, shapes[run % 3])) is not None
        cool += find_throttling(reference_work(random, n, np.ones(n))) is not None
    print(f"{n} blocks: throttling of 10 to 60 % found in {found / 1000:.1%}, cool devices suspected {cool / 1000:.1%}")
    assert found == 1000
    assert cool < 10


@pytest.mark.parametrize("noise", [0.04, 0.06, 0.08])
@pytest.mark.parametrize("n", [20, 30, 60])
def test_a_noisy_device_is_suspected_in_fewer_than_one_in_a_hundred_runs(n: int, noise: float) -> None:
    random = np.random.default_rng([n, int(100 * noise)])
    works = 5e6 * np.exp(random.normal(0, noise, (3000, n, 3))).min(axis=2)
    suspected = sum(find_throttling(work) is not None for work in works)
    print(f"{n} blocks, {noise:.0%} noise: suspected in {suspected / 3000:.2%}")
    assert suspected < 0.01 * 3000


def test_throttling_has_its_size_and_its_time() -> None:
    random = np.random.default_rng(2)
    found = find_throttling(reference_work(random, 60, np.where(np.arange(60) >= 30, 1.3, 1.0)))
    assert found is not None
    assert found.factor == pytest.approx(1.3, abs=0.03)
    assert found.until >= 30
    assert find_throttling(np.full(5, 5e6)) is None
    assert find_throttling(np.zeros(20)) is None
