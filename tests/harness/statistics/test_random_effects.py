"""Effects of several devices: as statsmodels combines them, and holding the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from harness.statistics.random_effects import combine_devices


def test_the_interval_is_that_of_statsmodels() -> None:
    source = np.random.default_rng(1)
    for k in (4, 5, 8):
        variances = source.uniform(0.5, 2.0, k) * 1e-4
        effects = source.normal(-0.12, 0.05, k)
        found = combine_devices(effects, variances)
        theirs = combine_effects(effects, variances, method_re="iterated", use_t=True, atol=1e-8)
        assert found is not None
        assert found.between_sd == pytest.approx(np.sqrt(theirs.tau2), rel=1e-5)
        assert found.mean == pytest.approx(theirs.mean_effect_re, rel=1e-6)
        assert found.interval == pytest.approx(theirs.conf_int(use_t=True)[3], rel=1e-5)


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


def test_three_devices_and_exact_ones_are_not_combined() -> None:
    assert combine_devices(np.array([0.1, 0.2, 0.3]), np.full(3, 1e-4)) is None
    assert combine_devices(np.full(5, 0.1), np.zeros(5)) is None
