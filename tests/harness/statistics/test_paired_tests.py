"""Log-ratios, sign flips, the bootstrap twin, equivalence and power, against scipy and statsmodels."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from harness.statistics.bootstrap import bca_intervals
from harness.statistics.equivalence import is_equivalent
from harness.statistics.estimate import estimate_mean
from harness.statistics.paired import log_ratios
from harness.statistics.power import ONE_SIDED_Z, minimum_detectable, replicates_needed
from harness.statistics.sign_flip import sign_flip_test


def test_log_ratios_are_candidate_over_baseline() -> None:
    differences = log_ratios(np.array([10.0, 20.0]), np.array([5.0, 20.0]))
    assert differences == pytest.approx([math.log(0.5), 0.0])


@pytest.mark.parametrize(
    ("baseline", "candidate"), [([1.0], [1.0, 2.0]), ([0.0, 1.0], [1.0, 1.0]), ([1.0, 1.0], [-1.0, 1.0])]
)
def test_what_is_no_pair_of_positive_values_is_refused(baseline: list[float], candidate: list[float]) -> None:
    with pytest.raises(ValueError, match=r"pairs|greater than zero"):
        log_ratios(np.array(baseline), np.array(candidate))


def test_sign_flips_of_few_pairs_count_every_pattern() -> None:
    differences = np.array([0.4, -0.1, 0.3, 0.2, 0.5, -0.05, 0.6])
    means = [np.mean(np.array(signs) * differences) for signs in product([1, -1], repeat=7)]
    share = np.mean(np.abs(means) >= abs(differences.mean()) - 1e-12)
    found = sign_flip_test(differences, seed=1)
    assert found is not None
    assert found.exact
    assert found.p_value == pytest.approx(share)


def test_sign_flips_of_many_pairs_agree_with_scipy_within_monte_carlo_error() -> None:
    differences = np.random.default_rng(8).normal(0.012, 0.03, 30)
    found = sign_flip_test(differences, seed=1)
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=99_999, rng=np.random.default_rng(0)
    )
    assert found is not None
    assert not found.exact
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.012)
    assert found == sign_flip_test(differences, seed=1)


@pytest.mark.parametrize("n", [6, 13, 14, 40, 1500])
def test_sign_flips_are_scipys_from_the_same_seed_though_means_are_equal_but_for_their_last_digits(n: int) -> None:
    differences = np.round(np.random.default_rng(n).normal(0.004, 0.02, n), 2)
    found = sign_flip_test(differences, seed=n)
    expected = stats.permutation_test(
        (differences,), lambda flipped, axis: np.mean(flipped, axis=axis), permutation_type="samples", vectorized=True,
        n_resamples=9999, batch=500, rng=np.random.default_rng(n),
    )  # fmt: skip
    assert found is not None
    assert found.p_value == pytest.approx(float(expected.pvalue), abs=1e-12)


def test_sign_flips_of_equal_arms_say_one_and_of_too_few_pairs_say_nothing() -> None:
    found = sign_flip_test(np.zeros(30), seed=1)
    assert found is not None
    assert found.p_value == 1.0
    assert sign_flip_test(np.ones(5), seed=1) is None  # 2/2⁵ is above 5 %


def test_bootstrap_is_scipys_bca_and_repeats_itself() -> None:
    differences = np.random.default_rng(4).gamma(2.0, 0.01, 30)
    found = bca_intervals(differences, seed=11)
    expected = stats.bootstrap((differences,), np.mean, method="BCa", n_resamples=9999, rng=np.random.default_rng(11))
    assert found is not None
    assert found.level_95 == pytest.approx((expected.confidence_interval.low, expected.confidence_interval.high))
    assert found.level_95[0] < found.level_90[0] < found.level_90[1] < found.level_95[1]
    assert found == bca_intervals(differences, seed=11)


@pytest.mark.parametrize("n", [6, 30, 700])
def test_both_levels_are_scipys_from_the_same_seed(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.0, 1.0, n) ** 3
    found = bca_intervals(differences, seed=3)
    assert found is not None
    for level, interval in ((0.95, found.level_95), (0.90, found.level_90)):
        expected = stats.bootstrap(
            (differences,), np.mean, method="BCa", confidence_level=level, n_resamples=9999, vectorized=True,
            rng=np.random.default_rng(3), batch=min(9999, 4_000_000 // n),
        )  # fmt: skip
        assert interval == pytest.approx((expected.confidence_interval.low, expected.confidence_interval.high))


def test_the_bootstrap_of_one_that_stands_out_may_be_undefined() -> None:
    lone = np.where(np.arange(1000) == 0, 1e-3, 0.0)  # a third of the resamples have it not at all
    expected = stats.bootstrap((lone,), np.mean, method="BCa", n_resamples=9999, rng=np.random.default_rng(3))
    found = bca_intervals(lone, seed=3)
    assert (found is None) == (not math.isfinite(expected.confidence_interval.low))


@pytest.mark.parametrize("differences", [np.zeros(30), np.full(30, 0.1), np.array([0.1, 0.2, 0.3])])
def test_bootstrap_says_nothing_where_it_is_not_defined(differences: np.ndarray) -> None:
    assert bca_intervals(differences, seed=1) is None


@pytest.mark.parametrize("margin", [0.01, 0.02, 0.03])
def test_equivalence_is_statsmodels_ttost_paired(margin: float) -> None:
    random = np.random.default_rng(6)
    decisions = []
    for _ in range(50):
        before = random.normal(30, 3.9, 24)
        after = before + random.normal(-0.01, 0.03, 24)
        equivalent = is_equivalent(estimate_mean(after - before), margin)
        assert equivalent == (ttost_paired(after, before, -margin, margin)[0] <= 0.05)
        decisions.append(equivalent)
    assert margin != 0.02 or 0 < sum(decisions) < 50


def test_one_replicate_is_never_equivalent_and_equal_ones_always_are() -> None:
    assert not is_equivalent(estimate_mean(np.array([0.0])), 1.0)
    assert is_equivalent(estimate_mean(np.zeros(5)), 0.0)


def test_minimum_detectable_effect_by_hand() -> None:
    # s = .02, m = 30: (t29(.975) + t29(.80))·.02/√30 = (2.04523 + 0.85425)·.0036515 = .010587
    values = np.array([0.02, -0.02] * 15) * math.sqrt(29 / 30)
    assert minimum_detectable(estimate_mean(values)) == pytest.approx(0.010587, abs=2e-6)
    assert minimum_detectable(estimate_mean(np.array([1.0]))) is None


def test_pairs_needed_by_hand() -> None:
    # ((1.96 + .8416)·.02/ln 1.01)² = (.056032/.0099503)² = 31.71
    assert replicates_needed(0.02, math.log(1.01)) == 32
    # non-inferiority, n = (1.645 + .8416)²·s²/Δ²: (2.4865·.042/.1)² = 1.09, and two is the least
    assert replicates_needed(0.042, 0.1, z=ONE_SIDED_Z) == 2
    assert replicates_needed(0.02, 0.0) is None
    assert replicates_needed(0.02, 1e-9) is None


def test_a_design_finds_its_minimum_detectable_effect_four_times_in_five() -> None:
    random = np.random.default_rng(3)
    effect = (stats.t.ppf(0.975, 29) + stats.t.ppf(0.8, 29)) * 0.02 / math.sqrt(30)
    found = 0
    for differences in random.normal(effect, 0.02, (2000, 30)):
        low, _ = estimate_mean(differences).interval(0.95) or (0.0, 0.0)
        found += low > 0
    assert found / 2000 == pytest.approx(0.80, abs=0.03)
