"""The interval over launches: whether it holds what is true, whatever disturbs one arm or one process."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.judging.judge_outcome import Margins, judge_outcome
from harness.statistics.confidence_sequence import SequentialEstimate, estimate_sequentially
from harness.statistics.estimate import Estimate, estimate_mean
from harness.statistics.launches import (
    estimate_launches,
    estimate_launches_sequentially,
    launch_means,
    launches_of,
    spreads,
)
from tests.harness.statistics.simulated_differences import KINDS, LAUNCHES, PAIRS, SPREAD, differences

EXPERIMENTS = 400
FIRST_LOOK = 5
TIGHT = Margins(negligible=1e-9, agreed=1e-9)
FIXED_MOST = {
    "neighbours alike, AR(1) .6": 0.075,
    "skewed, ln-normal": 0.075,
}
"""How often the same model may be called different with a fixed number: 5 %, but for what is named as falling short in
docs/check-the-statistics.md. Two standard errors of 400 experiments are allowed beside.
"""
SEQUENTIAL_MOST = {
    "neighbours alike, AR(1) .4": 0.035,
    "neighbours alike, AR(1) .6": 0.045,
    "skewed, ln-normal": 0.04,
    "one in 8 pairs is disturbed": 0.06,
}


def standard_errors(share: float) -> float:
    return 2 * math.sqrt(share * (1 - share) / EXPERIMENTS)


def called_different(estimates: list[Estimate]) -> float:
    return float(np.mean([judge_outcome(one.negated(), TIGHT) in ("better", "worse") for one in estimates]))


def test_launches_are_averaged_in_the_order_in_which_they_begin() -> None:
    values = np.array([1.0, 3.0, 10.0, 20.0, 30.0, 7.0])
    assert launch_means(values, np.array([4, 4, 2, 2, 2, 9])).tolist() == [2.0, 20.0, 7.0]


def test_launches_of_two_sessions_are_told_apart_however_large_their_numbers_are() -> None:
    found = launches_of([0, 0, 2**62, 0, 2**62], [0, 0, 0, 2**62, 2**62])
    assert found is not None
    assert found.tolist() == [0, 0, 1, 2, 3]
    assert launches_of([0, -1], [0, 0]) is None
    assert launches_of([], []) is None


def test_a_launch_of_one_pair_each_is_the_plain_mean_of_pairs() -> None:
    values = np.random.default_rng(1).normal(0.1, 0.02, 7)
    assert estimate_launches(values, np.arange(7)) == estimate_mean(values)


def test_one_launch_bounds_nothing() -> None:
    estimate = estimate_launches(np.array([0.1, 0.2, 0.3]), np.array([0, 0, 0]))
    assert (estimate.n, estimate.sd, estimate.interval(0.95)) == (1, None, None)


def test_calm_differences_count_as_they_are() -> None:
    values = np.tile([0.01, -0.01, 0.0, 0.012, -0.009, -0.003], 5) + np.repeat(np.arange(10) % 2 * 0.004, 3)
    assert estimate_launches(values, LAUNCHES).effective_n == pytest.approx(10.0)


def test_what_decided_once_stays_decided() -> None:
    random = np.random.default_rng(2)
    for values in random.normal(0.05, SPREAD, (50, PAIRS)):
        until = [
            estimate_launches_sequentially(values[: 3 * n], LAUNCHES[: 3 * n], FIRST_LOOK).interval(0.95)
            for n in range(FIRST_LOOK, 11)
        ]
        lows = [ends[0] for ends in until if ends is not None]
        decided = [low > 0.0 for low in lows]
        assert decided == sorted(decided)


@pytest.mark.parametrize("sd", [0.0, 0.01, 0.03])
def test_the_spread_between_launches_is_that_of_their_processes(sd: float) -> None:
    random = np.random.default_rng(3)
    values = random.normal(0, SPREAD, (EXPERIMENTS, PAIRS)) + np.repeat(
        random.normal(0, sd, (EXPERIMENTS, PAIRS // 3)), 3, axis=1
    )
    found = [one for row in values if (one := spreads(row, LAUNCHES)) is not None]
    assert len(found) == EXPERIMENTS
    squares = [one.between**2 for one in found]
    assert np.mean([one.within**2 for one in found]) == pytest.approx(SPREAD**2, rel=0.05)
    # Of no spread at all what is below 0 counts as 0, so that the mean of the others is a little above.
    assert math.sqrt(float(np.mean(squares))) == pytest.approx(sd, abs=0.012 if sd == 0.0 else 0.25 * sd + 0.002)
    assert spreads(values[0, :3], LAUNCHES[:3]) is None
    assert spreads(values[0], np.arange(PAIRS)) is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_model_twice_is_rarely_called_different(kind: str) -> None:
    rows = differences(kind, EXPERIMENTS, np.random.default_rng([21, KINDS.index(kind)]))
    fixed = [estimate_launches(row, LAUNCHES) for row in rows]
    looked = [estimate_launches_sequentially(row, LAUNCHES, FIRST_LOOK) for row in rows]
    pairs = [estimate_mean(row) for row in rows]
    looked_at_pairs = [estimate_sequentially(row, 10) for row in rows]
    wrong = [called_different(each) for each in (fixed, looked, pairs, looked_at_pairs)]
    held = [
        float(np.mean([low <= 0.0 <= high for low, high in (one.interval(0.95) or (-1, 1) for one in each)]))
        for each in (fixed, looked)
    ]
    print(
        f"{kind}: called different {wrong[0]:.1%} / {wrong[1]:.1%} (by pairs: {wrong[2]:.1%} / {wrong[3]:.1%}); "
        f"the interval holds the truth {held[0]:.1%} / {held[1]:.1%}"
    )
    most = FIXED_MOST.get(kind, 0.05)
    assert wrong[0] <= most + standard_errors(most)
    most = SEQUENTIAL_MOST.get(kind, 0.025)
    assert wrong[1] <= most + standard_errors(most)


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_at_the_margin_is_rarely_called_within_it(kind: str) -> None:
    rows = differences(kind, EXPERIMENTS, np.random.default_rng([22, KINDS.index(kind)])) + math.log(1.02)
    met = [
        float(np.mean([(one.p_at_least(math.log(1.02)) or 0.0) <= 0.05 for one in each]))
        for each in (
            [estimate_launches(row, LAUNCHES) for row in rows],
            [estimate_launches_sequentially(row, LAUNCHES, FIRST_LOOK) for row in rows],
        )
    ]
    print(f"{kind}: a loss exactly at the margin is called met {met[0]:.1%} / {met[1]:.1%}")
    most = 0.09 if kind.startswith("skewed") else 0.06
    assert met[0] <= most + standard_errors(most)
    most = 0.07 if kind.startswith("one in") else 0.05
    assert met[1] <= most + standard_errors(most)


@pytest.mark.parametrize(("effect", "bound"), [(0.10, 0.05), (0.03, 0.0)])
def test_what_launches_cost_in_pairs(effect: float, bound: float) -> None:
    rows = np.random.default_rng(23).normal(math.log1p(effect), SPREAD, (EXPERIMENTS, PAIRS))
    limit = math.log1p(bound)
    estimates = [estimate_launches_sequentially(row, LAUNCHES, FIRST_LOOK) for row in rows]
    spent, found = [], []
    for estimate in estimates:
        decided = [
            place
            for place in range(1, len(estimate.looks) + 1)
            if (as_it_was(estimate, place).p_at_most(limit) or 1.0) <= 0.025
        ]
        found.append(bool(decided))
        spent.append(3 * (FIRST_LOOK - 1 + decided[0]) if decided else PAIRS)
    print(f"a true {effect:.0%} against {bound:.0%}: found {np.mean(found):.1%}, {np.mean(spent):.1f} pairs spent")
    assert np.mean(found) >= 0.80
    assert np.mean(spent) <= (0.6 * PAIRS if bound else PAIRS)


def as_it_was(estimate: Estimate, looks: int) -> Estimate:
    """The estimate as it was after so many looks."""
    assert isinstance(estimate, SequentialEstimate)
    return replace(estimate, looks=estimate.looks[:looks])
