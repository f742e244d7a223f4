"""Shares, and differences of paired shares: by another way of computing them, and how often they are wrong, exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, xlogy
from scipy.stats import binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar

from harness.statistics.paired_shares import PairedShares, estimate_paired_shares, mcnemar_p
from harness.statistics.shares import design_effect, estimate_share
from tests.harness.experiments import experiments


def arms(gained: int, lost: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """`lost` are right before, `gained` right after, the others right in both."""
    before, after = np.ones(n), np.ones(n)
    before[:gained] = 0.0
    after[gained : gained + lost] = 0.0
    return before, after


def score_by_search(gained: int, lost: int, n: int, difference: float) -> float:
    """The score statistic with the nuisance found by maximising the likelihood, step by step."""

    def minus_likelihood(share_lost: float) -> float:
        share_gained = share_lost + difference
        return -float(
            xlogy(gained, share_gained)
            + xlogy(lost, share_lost)
            + xlogy(n - gained - lost, 1.0 - share_gained - share_lost)
        )

    low, high = max(0.0, -difference), (1.0 - difference) / 2.0
    found = minimize_scalar(minus_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    variance = (2.0 * found + difference - difference**2) / n
    return ((gained - lost) / n - difference) / math.sqrt(variance)


@pytest.mark.parametrize(("gained", "lost", "n"), [(3, 9, 60), (0, 4, 40), (0, 0, 50), (12, 1, 30), (40, 55, 1000)])
def test_the_interval_ends_where_the_score_test_turns(gained: int, lost: int, n: int) -> None:
    found = estimate_paired_shares(*arms(gained, lost, n), unit=1.0)
    for level in (0.90, 0.95):
        low, high = found.interval(level)
        quantile = norm.ppf((1.0 + level) / 2.0)
        assert low < found.mean < high
        if low > -1.0 + 1e-6:
            assert score_by_search(gained, lost, n, low) == pytest.approx(quantile, abs=1e-4)
        assert score_by_search(gained, lost, n, high) == pytest.approx(-quantile, abs=1e-4)
        assert found.p_at_most(low) == pytest.approx((1.0 - level) / 2.0, abs=1e-9)
        assert found.p_at_least(high) == pytest.approx((1.0 - level) / 2.0, abs=1e-9)


def test_turned_round_and_in_points_it_says_the_same() -> None:
    found = estimate_paired_shares(*arms(3, 9, 60))
    low, high = found.interval(0.95)
    assert found.mean == pytest.approx(-10.0)
    assert found.negated().interval(0.95) == pytest.approx((-high, -low))
    moved = estimate_paired_shares(*arms(3, 9, 60), offset=2.0)
    assert moved.interval(0.95) == pytest.approx((low + 2.0, high + 2.0))
    assert moved.p_at_most(-8.0) == pytest.approx(found.p_at_most(-10.0))


def test_no_item_that_changed_is_no_proof_that_none_would() -> None:
    found = estimate_paired_shares(*arms(0, 0, 50))
    low, high = found.interval(0.95)
    # z²/(n + z²), which a t interval of zeros would call 0.
    assert high == pytest.approx(100.0 * 1.959964**2 / (50.0 + 1.959964**2), rel=1e-5)
    assert low == pytest.approx(-high)
    assert found.standard_error > 0.0


@pytest.mark.parametrize(("gained", "lost"), [(2, 9), (0, 0), (0, 6), (30, 31), (5, 5)])
def test_mcnemar_is_that_of_statsmodels(gained: int, lost: int) -> None:
    assert mcnemar_p(gained, lost) == pytest.approx(mcnemar([[40, lost], [gained, 3]], exact=True).pvalue)


@pytest.mark.parametrize(("right", "n"), [(97, 100), (0, 12), (12, 12), (450, 500)])
def test_a_share_has_the_interval_of_clopper_and_pearson(right: int, n: int) -> None:
    found = estimate_share(np.repeat([1.0, 0.0], [right, n - right]), unit=100.0)
    exact = binomtest(right, n).proportion_ci(0.95, method="exact")
    assert found.interval(0.95) == pytest.approx((100.0 * exact.low, 100.0 * exact.high))
    assert found.negated().interval(0.95) == pytest.approx((-100.0 * exact.high, -100.0 * exact.low))
    for bound in (20.0, 90.0):
        assert found.p_at_most(bound) == pytest.approx(binomtest(right, n, bound / 100.0, "greater").pvalue)
        assert found.p_at_least(bound) == pytest.approx(binomtest(right, n, bound / 100.0, "less").pvalue)


def outcomes(n: int, share_gained: float, share_lost: float) -> list[tuple[int, int, float]]:
    """(gained, lost, probability), all but one in a million."""
    found = []
    for gained in range(int(n * share_gained + 8.0 * math.sqrt(n * share_gained) + 8)):
        for lost in range(int(n * share_lost + 8.0 * math.sqrt(n * share_lost) + 8)):
            if gained + lost > n:
                continue
            logarithm = gammaln(n + 1) - gammaln(gained + 1) - gammaln(lost + 1) - gammaln(n - gained - lost + 1)
            logarithm += xlogy(gained, share_gained) + xlogy(lost, share_lost)
            logarithm += xlogy(n - gained - lost, 1.0 - share_gained - share_lost)
            probability = math.exp(logarithm)
            if probability > 1e-9:
                found.append((gained, lost, probability))
    return found


def wrongly(n: int, margin: float, changed_besides: float) -> tuple[float, float, float]:
    """With a true loss of exactly the margin: how often a rule is met, how often broken; and how often a t interval of
    the differences calls it met.
    """
    met = broken = by_t = 0.0
    for gained, lost, probability in outcomes(n, changed_besides / 2.0, changed_besides / 2.0 + margin):
        found = PairedShares((gained - lost) / n, None, n, float(n), gained=gained, lost=lost)
        met += probability * (found.p_at_most(-margin) <= 0.05)
        broken += probability * (found.p_at_least(-margin) <= 0.05)
        variance = ((gained + lost) / n - found.mean**2) / (n - 1)
        by_t += probability * (found.mean + margin > 1.645 * math.sqrt(variance))
    return met, broken, by_t


def test_rules_at_the_margin_are_rarely_met_or_broken() -> None:
    t_intervals = []
    for n in (20, 100, 300, 1000):
        for margin in (0.01, 0.02, 0.05):
            for besides in (0.0, 0.01, 0.1):
                met, broken, by_t = wrongly(n, margin, besides)
                words = f"{n} items, margin {margin:.0%}, {besides:.0%} change besides"
                print(f"{words}: met {met:.1%}, broken {broken:.1%}, a t interval {by_t:.1%}")
                assert met <= 0.061
                assert broken <= 0.085
                t_intervals.append(by_t)
    assert max(t_intervals) > 0.5


def test_it_is_found_as_often_as_it_can_be() -> None:
    """Power: a loss of 5 points against an agreed 1, half a point changed the other way, in 1,000 items."""
    found = sum(
        probability
        for gained, lost, probability in outcomes(1000, 0.005, 0.055)
        if PairedShares(0.0, None, 1000, 1000.0, gained=gained, lost=lost).p_at_least(-0.01) <= 0.05
    )
    assert found > 0.99


def test_items_of_one_scene_count_for_fewer() -> None:
    draw = np.random.default_rng(4)
    wrong_met = wrong_broken = 0
    count = experiments(300)
    scenes = np.repeat(np.arange(40), 5)
    for _ in range(count):
        lost = np.repeat(draw.beta(0.06 * 3.0, 0.94 * 3.0, 40), 5)  # scenes differ much
        gained = np.repeat(draw.beta(0.01 * 3.0, 0.99 * 3.0, 40), 5)
        chance = draw.random(200)
        change = np.where(chance < lost, -1.0, np.where(chance < lost + gained, 1.0, 0.0))
        before = (change <= 0.0).astype(np.float64)
        found = estimate_paired_shares(before, before + change, scenes, unit=1.0)
        wrong_met += found.p_at_most(-0.05) <= 0.05
        wrong_broken += found.p_at_least(-0.05) <= 0.05
    print(f"{count} sets of 40 scenes: met {wrong_met / count:.1%}, broken {wrong_broken / count:.1%}")
    # 5 % of 300 sets have a standard error of 1.3 %.
    assert wrong_met / count <= 0.10
    assert wrong_broken / count <= 0.10


def test_the_design_effect_is_one_without_scenes_and_the_size_of_scenes_where_they_are_of_one_piece() -> None:
    values = np.repeat([1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0], 3)
    assert design_effect(values, np.arange(24.0)) == 1.0
    assert design_effect(values, np.repeat(np.arange(8.0), 3)) == pytest.approx(3.0 * 8.0 / 7.0)
    assert design_effect(np.ones(24), np.repeat(np.arange(8.0), 3)) == 3.0
