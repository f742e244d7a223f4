"""The anytime-valid interval: its formula, its one-sided tests, and what it promises under continuous looking."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.signal import lfilter

from harness.statistics.confidence_sequence import (
    PRIOR_SD,
    critical_values,
    estimate_sequentially,
    estimate_series_sequentially,
    log_bayes_factors,
)
from harness.statistics.estimate import estimate_mean
from harness.statistics.power import minimum_detectable, replicates_to_tell_from


def values_of(n: int, mean: float = 0.1, sd: float = 0.02, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, sd, n)


@pytest.mark.parametrize(("n", "t"), [(10, 0.3), (10, 3.9), (30, 2.0), (60, 5.0)])
def test_the_bayes_factor_is_the_ratio_of_the_densities_of_t(n: int, t: float) -> None:
    # With the right Haar prior on the scale it is noncentral t, averaged over N(0, c²), against central t.
    def density(effect: float) -> float:
        return float(stats.nct.pdf(t, n - 1, math.sqrt(n) * effect) * stats.norm.pdf(effect, 0, PRIOR_SD))

    averaged, _ = integrate.quad(density, -6 * PRIOR_SD, 6 * PRIOR_SD, points=[0.0, t / math.sqrt(n)], limit=200)
    expected = math.log(averaged / stats.t.pdf(t, n - 1))
    assert log_bayes_factors(np.array([t**2]), np.array([float(n)]))[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("n", [10, 30, 100])
@pytest.mark.parametrize("level", [0.90, 0.95])
def test_the_interval_holds_every_mean_whose_evidence_stays_below_the_bound(n: int, level: float) -> None:
    critical = critical_values(np.array([float(n)]), level)
    evidence = math.exp(log_bayes_factors(critical**2, np.array([float(n)]))[0])
    assert 2 * evidence - 1 == pytest.approx(2 / (1 - level))


def test_the_prior_is_within_nine_per_cent_of_the_best_between_five_and_thirty_replicates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = np.arange(5.0, 31.0)
    ours = critical_values(counts, 0.95)
    best = np.full(counts.size, np.inf)
    for spread in np.geomspace(0.1, 10, 100):
        monkeypatch.setattr("harness.statistics.confidence_sequence.PRIOR_SD", spread)
        best = np.minimum(best, critical_values(counts, 0.95))
    print(f"width at 5, 10 and 30 replicates: {ours[[0, 5, 25]].round(2)} s/√n; best of any prior {best[[0, 5, 25]]}")
    assert (ours / best).max() < 1.09


def test_interval_and_p_values_are_one_inversion() -> None:
    for values in (values_of(30), values_of(14, seed=4)):
        estimate = estimate_sequentially(values, 10)
        for level in (0.90, 0.95):
            low, high = estimate.interval(level) or (math.nan, math.nan)
            assert estimate.p_at_most(low) == pytest.approx((1 - level) / 2)
            assert estimate.p_at_least(high) == pytest.approx((1 - level) / 2)
        assert estimate.p_at_most(1.0) == 1.0
        turned = estimate.negated()
        low, high = estimate.interval(0.95) or (math.nan, math.nan)
        assert turned.interval(0.95) == pytest.approx((-high, -low))
        assert turned.p_at_least(-0.09) == estimate.p_at_most(0.09)


def test_what_was_decided_once_stays_decided() -> None:
    values = values_of(40, seed=7)
    previous = (-math.inf, math.inf)
    for size in range(10, 41):
        low, high = estimate_sequentially(values[:size], 10).interval(0.95) or (math.nan, math.nan)
        assert previous[0] <= low + 1e-12
        assert high <= previous[1] + 1e-12
        previous = (low, high)


def test_every_look_is_the_estimate_of_what_there_was() -> None:
    values = values_of(30, mean=1e3)
    plain, series = estimate_sequentially(values, 10), estimate_series_sequentially(values, 10)
    assert len(plain.looks) == len(series.looks) == 21
    for size, look, alike in zip(range(10, 31), plain.looks, series.looks, strict=True):
        seen = estimate_mean(values[:size])
        assert (look.mean, look.sd, look.n) == pytest.approx((seen.mean, seen.sd, size))
        assert (alike.mean, alike.sd) == pytest.approx((seen.mean, seen.sd))
        now = estimate_series_sequentially(values[:size], 10)
        assert (now.looks[-1].n, now.effective_n) == pytest.approx((alike.n, alike.n))


def test_blocks_that_resemble_their_neighbours_count_for_fewer() -> None:
    # AR(1) with coefficient .6: n·(1 − .6)/(1 + .6) = n/4, also where the usual estimate of .6 is biased.
    random = np.random.default_rng(2)
    shocks = random.normal(0, 1, (400, 90))
    counted = [estimate_series_sequentially(lfilter([1.0], [1.0, -0.6], row)[50:], 40).effective_n for row in shocks]
    assert np.median(counted) == pytest.approx(10, rel=0.15)
    free = [estimate_series_sequentially(row[:40], 40).effective_n for row in shocks]
    assert np.median(free) > 35


def test_looks_that_exclude_the_mean_of_today_are_not_held_against_it() -> None:
    values = np.concatenate([values_of(15, mean=0.0, sd=0.001), values_of(15, mean=0.1, sd=0.001)])
    estimate = estimate_sequentially(values, 10)
    low, high = estimate.interval(0.95) or (math.nan, math.nan)
    assert len(estimate.looks) == 1
    assert low < estimate.mean < high


def test_too_few_replicates_bound_nothing() -> None:
    assert estimate_sequentially(values_of(1), 10).interval(0.95) is None
    assert estimate_sequentially(values_of(1), 10).p_at_most(0.0) is None
    assert estimate_sequentially(values_of(3), 10).interval(0.95) is None
    assert estimate_sequentially(values_of(4), 10).interval(0.95) is not None
    assert estimate_sequentially(np.full(3, 0.1), 2).interval(0.95) is None
    assert minimum_detectable(estimate_sequentially(values_of(3), 10)) is None


def test_equal_replicates_have_an_interval_of_no_width() -> None:
    low, high = estimate_sequentially(np.full(12, 0.3), 10).interval(0.95) or (math.nan, math.nan)
    assert (low, high) == pytest.approx((0.3, 0.3))
    # The evidence of n equal replicates is K^((n − 1)/2), n = 12.
    spread = 1 + 12 * PRIOR_SD**2
    p_value = 1 / (2 * spread ** (11 / 2) - 1)
    assert estimate_sequentially(np.full(12, 0.3), 12).p_at_most(0.2) == pytest.approx(p_value)


def test_the_replicates_it_takes_are_those_of_its_own_width() -> None:
    estimate = estimate_sequentially(values_of(20), 10)
    needed = replicates_to_tell_from(estimate, 0.01)
    assert needed is not None
    reached = (critical_values(np.array([needed, needed - 2.0]), 0.95) + 0.8416) * (estimate.sd or 0) / 0.01
    assert reached[0] <= math.sqrt(needed) * 1.0001
    assert reached[1] > math.sqrt(needed - 2) * 0.99
    assert replicates_to_tell_from(estimate, 0.01, two_sided=False) < needed  # type: ignore[operator]
    assert replicates_to_tell_from(estimate, 0.0) is None
