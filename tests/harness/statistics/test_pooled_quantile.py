"""The 99th percentile of pooled inferences, and the share of stalled ones: their intervals hold what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.quantity import STALLED
from harness.statistics.inverted import InvertedEstimate
from harness.statistics.pooled_quantile import Pooled, estimate_quantile, estimate_quantile_ratio, pool, ratio_test
from harness.statistics.rare_events import estimate_own_share, estimate_rare, looks_from
from tests.harness.experiments import experiments
from tests.harness.statistics.simulated_stalls import PLAIN, SETTINGS, SKEWED, Tailed

RUNS, PAIRS = experiments(160), 30
HELD = 0.95 - 2.0 * math.sqrt(0.95 * 0.05 / RUNS)
"""The least share of runs that is no evidence against 95 %."""
SIZES = (17, 25, 100)


def pooled(blocks: np.ndarray) -> Pooled:
    return pool(list(blocks), np.arange(len(blocks)))


def ratio(baseline: np.ndarray, candidate: np.ndarray, first_look: int | None = None) -> InvertedEstimate:
    return estimate_quantile_ratio(pooled(baseline), pooled(candidate), 0.99, first_look, 500)


def p_value(baseline: np.ndarray, candidate: np.ndarray, value: float, first_look: int | None = None) -> float:
    """Two-sided, of a ratio whose logarithm is `value`."""
    found = ratio_test(pooled(baseline), pooled(candidate), 0.99, first_look, 500)(value)
    return two_sided(found, 0.0)


def true_ratio(arms: tuple[Tailed, Tailed]) -> float:
    if arms[0] == arms[1]:
        return 0.0
    random = np.random.default_rng(99)
    ours, theirs = (np.percentile(arm.blocks(random, PAIRS, 20_000), 99) for arm in arms)
    return math.log(theirs / ours)


def two_sided(estimate, value: float) -> float:
    return 2.0 * min(estimate.p_at_most(value), estimate.p_at_least(value))


@pytest.mark.parametrize("name", SETTINGS)
def test_the_interval_of_a_ratio_of_99th_percentiles_holds_the_truth(name: str) -> None:
    arms, truth = SETTINGS[name], true_ratio(SETTINGS[name])
    for inferences in SIZES:
        held = 0
        for run in range(RUNS):
            random = np.random.default_rng([11, run])
            held += p_value(*(arm.blocks(random, PAIRS, inferences) for arm in arms), truth) > 0.05
        print(f"{name}, {PAIRS} pairs of {inferences}: the interval holds the truth in {100 * held / RUNS:.1f} %")
        assert held / RUNS >= HELD


@pytest.mark.parametrize("name", [name for name in SETTINGS if name.startswith("A/A")])
def test_looking_after_every_pair_does_not_make_a_difference_of_equal_arms(name: str) -> None:
    """As a run that ends at the first look that says different."""
    arms, called = SETTINGS[name], {"99th percentile": 0, "stalls": 0}
    for run in range(RUNS):
        random = np.random.default_rng([2, run])
        ours, theirs = (arm.blocks(random, PAIRS, 50) for arm in arms)
        called["99th percentile"] += any(
            p_value(ours[:count], theirs[:count], 0.0, 10) <= 0.05 for count in range(10, PAIRS + 1, 2)
        )
        called["stalls"] += two_sided(stalls(ours, theirs, 10), 0.0) <= 0.05
    print(f"{name}: called different at any look, per 100 runs: { {key: n / RUNS * 100 for key, n in called.items()} }")
    assert max(called.values()) <= 0.05 * RUNS


@pytest.mark.parametrize("name", ["A/A, exponential tails", "A/A, 1 % stall", "3 % against 0.5 % stall"])
def test_ten_launches_of_three_pairs_hold_the_truth_too(name: str) -> None:
    arms, truth, labels, held = SETTINGS[name], true_ratio(SETTINGS[name]), np.repeat(np.arange(10), 3), 0
    for run in range(RUNS):
        random = np.random.default_rng([12, run])
        ours, theirs = (pool(list(arm.blocks(random, PAIRS, 25)), labels) for arm in arms)
        held += two_sided(ratio_test(ours, theirs, 0.99, None, 500)(truth), 0.0) > 0.05
    print(f"{name}, 10 launches of 3 pairs of 25: the interval holds the truth in {100 * held / RUNS:.1f} %")
    assert held / RUNS >= HELD


def stalled(blocks: np.ndarray) -> np.ndarray:
    return np.asarray(100.0 * (blocks > STALLED * np.median(blocks, axis=1, keepdims=True)).mean(axis=1))


def stalls(baseline: np.ndarray, candidate: np.ndarray, first_look: int | None = None):
    unseen = (100.0 / baseline.shape[1]) ** 2 + (100.0 / candidate.shape[1]) ** 2
    return estimate_rare(stalled(candidate) - stalled(baseline), unseen, looks_from(first_look, len(baseline)))


@pytest.mark.parametrize("name", SETTINGS)
def test_the_interval_of_a_difference_of_stalls_holds_the_truth(name: str) -> None:
    arms = SETTINGS[name]
    for inferences in SIZES:
        random = np.random.default_rng(98)
        truth = float(np.diff([stalled(arm.blocks(random, 10_000, inferences)).mean() for arm in arms])[0])
        truth = 0.0 if arms[0] == arms[1] else truth
        held = 0
        for run in range(RUNS):
            random = np.random.default_rng([3, run])
            low, high = stalls(*(arm.blocks(random, PAIRS, inferences) for arm in arms)).interval(0.95)
            held += low <= truth <= high
        print(f"{name}, {PAIRS} pairs of {inferences}: true {truth:.2f} points, held in {100 * held / RUNS:.1f} %")
        assert held / RUNS >= HELD


@pytest.mark.parametrize(
    ("name", "arm"),
    [
        ("noise", Tailed(drift=0.0)),
        ("2 % stall in bursts", Tailed(exponential=0.05, stalls=0.02, bursts=True, drift=0.0)),
    ],
)
def test_an_arm_s_own_percentile_and_share_hold_the_truth(name: str, arm: Tailed) -> None:
    inferences, held = 40, {"99th percentile": 0, "stalls": 0}
    random = np.random.default_rng(97)
    quantile = math.log(np.percentile(arm.blocks(random, 10_000, 60), 99))
    share = stalled(arm.blocks(random, 10_000, inferences)).mean()
    for run in range(100):
        blocks = arm.blocks(np.random.default_rng([4, run]), PAIRS, inferences)
        held["99th percentile"] += two_sided(estimate_quantile(pooled(blocks), 0.99, None, 500), quantile) > 0.05
        held["stalls"] += two_sided(estimate_own_share(stalled(blocks), 100.0 / inferences, 100.0, None), share) > 0.05
    print(f"{name}: of an arm alone, held in {held} of 100")
    assert min(held.values()) >= 93


def test_the_interval_is_where_the_p_value_crosses_and_turns_with_the_sign() -> None:
    random = np.random.default_rng(5)
    found = ratio(SKEWED.blocks(random, PAIRS, 60), Tailed(exponential=0.05, scale=1.2).blocks(random, PAIRS, 60))
    low, high = found.interval(0.95) or (math.nan, math.nan)
    assert low < found.mean < high
    for end, outwards in ((low, -1e-9), (high, 1e-9)):
        assert two_sided(found, end - 2 * outwards) > 0.05 >= two_sided(found, end + outwards)
    turned = found.negated()
    assert turned.interval(0.95) == (-high, -low)
    assert turned.p_at_most(-0.1) == found.p_at_least(0.1)
    assert turned.negated().interval(0.90) == found.interval(0.90)


def test_exchanging_the_arms_turns_the_ratio() -> None:
    random = np.random.default_rng(6)
    one, other = SKEWED.blocks(random, PAIRS, 60), PLAIN.blocks(random, PAIRS, 60)
    there, back = ratio(one, other), ratio(other, one)
    assert there.mean == pytest.approx(-back.mean)
    low, high = there.interval(0.95) or (math.nan, math.nan)
    assert back.interval(0.95) == (pytest.approx(-high, abs=1e-9), pytest.approx(-low, abs=1e-9))


def test_replicates_that_hold_several_pairs_widen_the_interval_where_they_differ() -> None:
    """Ten launches of three pairs, each with a tail of its own."""
    random = np.random.default_rng(7)
    labels = np.repeat(np.arange(10), 3)
    arms = []
    for _ in range(2):
        blocks = Tailed(exponential=0.05).blocks(random, PAIRS, 60)
        arms.append(list(blocks * np.exp(random.normal(0.0, 0.03, 10))[labels][:, None]))
    by_pair, by_launch = (
        estimate_quantile_ratio(*(pool(blocks, each) for blocks in arms), 0.99, None, 500)
        for each in (np.arange(PAIRS), labels)
    )
    assert (by_pair.n, by_launch.n) == (PAIRS, 10)
    assert by_pair.mean == by_launch.mean
    widths = [np.diff(each.interval(0.95) or (0.0, 0.0)).item() for each in (by_pair, by_launch)]
    assert widths[1] > 1.2 * widths[0]


def test_none_seen_is_not_none_for_certain() -> None:
    found = estimate_rare(np.zeros(30), 2 * 5.0**2, None)
    assert found.interval(0.95) == (pytest.approx(-0.49, abs=0.01), pytest.approx(0.49, abs=0.01))
    assert found.p_at_most(0.0) == 0.5
    looked = estimate_rare(np.zeros(30), 2 * 5.0**2, looks_from(10, 30))
    assert looked.is_anytime
    low, high = looked.interval(0.95) or (0.0, 0.0)
    assert high == -low > 0.49
