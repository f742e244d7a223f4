"""Effects of several devices: each counts alike, and they hold the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from harness.statistics.confidence_sequence import estimate_sequentially
from harness.statistics.random_effects import combine_devices


def test_devices_that_are_far_apart_are_a_sample() -> None:
    source = np.random.default_rng(1)
    for k in (4, 5, 8):
        effects = source.normal(-0.12, 0.05, k)
        found = combine_devices(effects, np.full(k, 1e-6))
        plain = stats.ttest_1samp(effects, 0.0).confidence_interval(0.95)
        assert found is not None
        assert found.interval == pytest.approx(tuple(plain))
        assert found.between_sd == pytest.approx(effects.std(ddof=1), rel=1e-2)


def test_the_interval_is_never_narrower_than_the_devices_own_noise() -> None:
    found = combine_devices(np.array([-0.1, -0.1001, -0.0999, -0.1]), np.full(4, 1e-4))
    assert found is not None
    half = stats.t.ppf(0.975, 3) * math.sqrt(1e-4 / 4)
    assert found.interval == pytest.approx((-0.1 - half, -0.1 + half))
    assert found.between_sd == 0.0


@pytest.mark.parametrize("between", [0.0, 0.01, 0.05])
def test_it_holds_the_truth_and_one_more_device(between: float) -> None:
    source = np.random.default_rng(2)
    held, another = 0, 0
    for _ in range(1000):
        errors = source.uniform(0.003, 0.01, 5)
        found = combine_devices(source.normal(-0.1, between, 5) + source.normal(0, errors), errors**2)
        assert found is not None
        held += found.interval[0] <= -0.1 <= found.interval[1]
        another += found.another[0] <= source.normal(-0.1, between) <= found.another[1]
    print(f"devices {between:g} apart: holds the mean {held / 10:.1f} %, one more device {another / 10:.1f} %")
    assert held >= 930
    assert another >= 910


@pytest.mark.parametrize("devices", [4, 6, 8])
@pytest.mark.parametrize("pairs", [3, 8, 30])
@pytest.mark.parametrize("between", [0.0, 0.01])
def test_no_difference_is_hardly_ever_excluded_falsely(devices: int, pairs: int, between: float) -> None:
    """Devices unlike each other in noise, with as many pairs as there are; beside it what weights would have done."""
    source = np.random.default_rng([3, devices, pairs])
    wrong = weighted = 0
    for run in range(1500):
        spread = 0.02 * np.exp(source.uniform(math.log(0.3), math.log(3.0), devices))
        values = source.normal(0, between, devices) + source.normal(0, spread, (pairs, devices))
        means, variances = values.mean(axis=0), values.var(axis=0, ddof=1) / pairs
        found = combine_devices(means, variances)
        assert found is not None
        wrong += not found.interval[0] <= 0.0 <= found.interval[1]
        if pairs == 3 and run % 5 == 0:
            theirs = combine_effects(means, variances, method_re="iterated", use_t=True)
            low, high = theirs.conf_int(use_t=True)[3]
            weighted += not low <= 0.0 <= high
    print(
        f"{devices} devices {between:g} apart, {pairs} pairs each: no difference is excluded in {wrong / 15:.1f} %"
        + (f"; weighted in {weighted / 3:.0f} %" if pairs == 3 else "")
    )
    assert wrong <= 0.06 * 1500


@pytest.mark.parametrize("devices", [4, 6])
def test_devices_that_end_as_soon_as_they_are_decided_exclude_it_no_more_often(devices: int) -> None:
    source = np.random.default_rng([4, devices])
    wrong = 0
    for _ in range(200):
        ended = []
        for spread in 0.03 * np.exp(source.uniform(math.log(0.5), math.log(2.0), devices)):
            values = source.normal(0.0, spread, 30)
            for n in range(10, 31):
                estimate = estimate_sequentially(values[:n], 10)
                low, high = estimate.interval(0.90) or (-math.inf, math.inf)
                if high < math.log(1.02) or low > math.log(1.02):
                    break
            ended.append((estimate.mean, (estimate.sd or 0.0) ** 2 / estimate.n))
        found = combine_devices(*np.array(ended).T)
        assert found is not None
        wrong += not found.interval[0] <= 0.0 <= found.interval[1]
    print(f"{devices} devices that end early: no difference is excluded in {wrong / 2:.1f} %")
    assert wrong <= 0.06 * 200 + 2.0 * math.sqrt(0.06 * 200)


def test_three_devices_and_exact_ones_are_not_combined() -> None:
    assert combine_devices(np.array([0.1, 0.2, 0.3]), np.full(3, 1e-4)) is None
    assert combine_devices(np.full(5, 0.1), np.zeros(5)) is None
