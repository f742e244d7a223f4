"""A few large gains are not taken for a loss, and what is symmetric is judged as t judges it."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.statistics.estimate import Estimate, estimate_mean
from harness.statistics.skewed_mean import p_at_least, skewness
from tests.harness.experiments import experiments

EXPERIMENTS = experiments(400)


def test_the_skewness_is_that_of_the_unbiased_third_moment():
    values = np.random.default_rng(1).gamma(1.0, size=17)
    n, centred = values.size, values - values.mean()
    third = (centred**3).sum() * n / ((n - 1) * (n - 2))
    assert skewness(values) == pytest.approx(third / values.std(ddof=1) ** 3, rel=1e-12)
    # Of many values the correction for few is gone, and SciPy's is the same.
    many = np.random.default_rng(2).gamma(1.0, size=20_000)
    assert skewness(many) == pytest.approx(scipy.stats.skew(many), rel=1e-3)


@pytest.mark.parametrize("values", [[0.1], [0.1, 0.4], [0.3] * 8])
def test_what_has_no_skewness_is_judged_by_t(values):
    estimate = estimate_mean(np.array(values))
    assert skewness(np.array(values)) == 0.0
    assert p_at_least(estimate, 0.0, 0.35) == estimate.p_at_least(0.35)


@given(st.floats(-4, 4), st.integers(3, 60), st.floats(-3, 3), st.floats(0.01, 2))
@settings(max_examples=60, deadline=None)
def test_the_further_below_the_smaller_and_never_smaller_than_by_t(skew, n, mean, step):
    here, below = (p_at_least(Estimate(at, 1.0, n, float(n)), skew, 0.0) for at in (mean, mean - step))
    assert here is not None
    assert below is not None
    assert below <= here + 1e-12
    assert here >= Estimate(mean, 1.0, n, float(n)).p_at_least(0.0) - 1e-12


def false_alarms(test, n: int) -> float:
    """How often a true mean that lies on the bound is called below it at 1 %, of exponential differences."""
    random = np.random.default_rng(n)
    found = 0
    for _ in range(EXPERIMENTS):
        values = random.exponential(1.0, n) - 1.0
        found += test(estimate_mean(values), values) <= 0.01
    return found / EXPERIMENTS


@pytest.mark.parametrize("n", [12, 40])
def test_few_large_gains_are_called_a_loss_far_less_often_than_by_t(n):
    by_t = false_alarms(lambda estimate, values: estimate.p_at_least(0.0), n)
    ours = false_alarms(lambda estimate, values: p_at_least(estimate, skewness(values), 0.0), n)
    assert by_t > 0.03  # the case is one that t fails in
    assert ours < 0.6 * by_t
