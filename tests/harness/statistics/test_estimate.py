"""The t interval and its one-sided tests, against scipy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.statistics.estimate import Estimate, estimate_mean, estimate_series_mean


def test_interval_of_a_small_example_by_hand() -> None:
    # mean 2, s = 1, n = 4, t(3, .975) = 3.182446: 2 ± 1.591223
    estimate = estimate_mean(np.array([1.0, 2.0, 2.0, 3.0]))
    assert estimate.sd == pytest.approx(math.sqrt(2 / 3))
    low, high = estimate.interval(0.95) or (0.0, 0.0)
    assert (high - low) / 2 == pytest.approx(3.182446 * math.sqrt(2 / 3) / 2, rel=1e-6)
    assert (low + high) / 2 == pytest.approx(2.0)


@pytest.mark.parametrize("level", [0.90, 0.95])
def test_interval_and_p_values_are_scipys(level: float) -> None:
    values = np.random.default_rng(5).normal(0.3, 1.0, 17)
    estimate = estimate_mean(values)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(level)
    assert estimate.interval(level) == pytest.approx((expected.low, expected.high))
    assert estimate.p_at_most(0.1) == pytest.approx(stats.ttest_1samp(values, 0.1, alternative="greater").pvalue)
    assert estimate.p_at_least(0.1) == pytest.approx(stats.ttest_1samp(values, 0.1, alternative="less").pvalue)


def test_one_replicate_has_no_interval_and_no_p_value() -> None:
    estimate = estimate_mean(np.array([0.4]))
    assert (estimate.sd, estimate.interval(0.95), estimate.p_at_most(0.0)) == (None, None, None)


def test_two_replicates_have_a_very_wide_interval() -> None:
    low, high = estimate_mean(np.array([0.1, 0.2])).interval(0.95) or (0.0, 0.0)
    assert high - low == pytest.approx(2 * 12.7062047 * 0.05, rel=1e-6)  # t(1, .975) · s/√2


def test_no_replicates_are_refused() -> None:
    with pytest.raises(ValueError, match="no replicates"):
        estimate_mean(np.array([]))


def test_equal_values_have_an_interval_of_no_width_also_where_floating_point_rounds() -> None:
    values = np.full(30, 0.1) * np.array([3.0] * 30) / 3.0
    assert estimate_mean(values).interval(0.95) == (pytest.approx(0.1), pytest.approx(0.1))
    zero = estimate_mean(np.zeros(5))
    assert zero.interval(0.95) == (0.0, 0.0)
    assert (zero.p_at_most(-0.01), zero.p_at_most(0.0), zero.p_at_least(0.01)) == (0.0, 1.0, 0.0)


def test_an_exact_value_has_no_uncertainty() -> None:
    exact = Estimate(math.log(0.25), None, 1, 1.0, exact=True)
    assert exact.interval(0.95) == (exact.mean, exact.mean)
    assert exact.p_at_least(0.0) == 0.0


def test_a_series_that_drifts_counts_for_fewer_replicates_than_it_has() -> None:
    random = np.random.default_rng(2)
    still = estimate_series_mean(random.normal(0, 1, 200))
    drifting = estimate_series_mean(np.linspace(0, 5, 200) + random.normal(0, 0.5, 200))
    assert still.effective_n > 150
    assert 2.0 <= drifting.effective_n < 20
    # AR(1) with coefficient .6: n·(1 − .6)/(1 + .6) = n/4
    series = np.zeros(20000)
    for step in range(1, series.size):
        series[step] = 0.6 * series[step - 1] + random.normal()
    assert estimate_series_mean(series).effective_n == pytest.approx(20000 / 4, rel=0.1)


def series_of(n: int, alike: float, count: int) -> np.ndarray:
    """Shape (count, n): AR(1) with coefficient `alike`, mean 0, standard deviation 1 from the first value on."""
    random = np.random.default_rng([n, round(100 * alike)])
    series = random.normal(0, 1, (count, n))
    for step in range(1, n):
        series[:, step] = alike * series[:, step - 1] + math.sqrt(1 - alike**2) * series[:, step]
    return series


# 2000 series each: the standard error is 0.5 to 0.9 percentage points.
@pytest.mark.parametrize(
    ("n", "alike", "at_least"),
    [
        *((8, 0.0, 0.95), (8, 0.3, 0.92), (8, 0.6, 0.865), (8, 0.8, 0.79)),
        *((15, 0.0, 0.95), (15, 0.3, 0.93), (15, 0.6, 0.89), (15, 0.8, 0.85)),
        *((30, 0.0, 0.95), (30, 0.3, 0.94), (30, 0.6, 0.92), (30, 0.8, 0.90)),
    ],
)
def test_how_often_the_interval_of_a_series_holds_the_truth(n: int, alike: float, at_least: float) -> None:
    ends = np.array([estimate_series_mean(row).interval(0.95) for row in series_of(n, alike, 2000)])
    held = float(np.mean((ends[:, 0] <= 0.0) & (ends[:, 1] >= 0.0)))
    print(f"{n} blocks, AR(1) {alike:g}: 95 % intervals of an arm's own level hold the truth {held:.1%}")
    assert held >= at_least


@pytest.mark.parametrize("n", [8, 15, 30])
def test_the_interval_of_independent_values_is_little_wider_for_it(n: int) -> None:
    wider = []
    for row in series_of(n, 0.0, 1000):
        low, high = estimate_series_mean(row).interval(0.95) or (0.0, 0.0)
        plain_low, plain_high = estimate_mean(row).interval(0.95) or (0.0, 0.0)
        wider.append((high - low) / (plain_high - plain_low))
    print(f"{n} independent blocks: the interval is {np.median(wider):.2f} times as wide (mean {np.mean(wider):.2f})")
    assert min(wider) >= 1.0 - 1e-12
    assert np.median(wider) <= 1.15


def test_a_device_that_heats_up_has_an_uncertain_level_and_not_an_unbounded_one() -> None:
    heating = np.log(np.linspace(20.0, 28.0, 8))  # mJ, cycle after cycle
    low, high = np.exp(estimate_series_mean(heating).interval(0.95) or (0.0, 0.0))
    assert 15.0 < low < 20.5
    assert 27.5 < high < 40.0
