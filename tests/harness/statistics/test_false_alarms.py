"""The whole point: how often paired blocks are wrong, and how often they find what is there.

Noise as in the design: 2 % per inference, AR(1) with coefficient .6 from inference to inference, a drift of 3 % over
the run, shared by both arms; blocks in random order within pairs.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from harness.analysis.judge_outcome import Margins, judge_outcome
from harness.statistics.estimate import estimate_mean
from harness.statistics.paired import log_ratios

PAIRS = 30
INFERENCES = 20
TIGHT = Margins(negligible=1e-9, agreed=1e-9)


def simulated_pairs(experiments: int, effect: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Block medians of (baseline, candidate), each of shape (experiments, PAIRS)."""
    random = np.random.default_rng(seed)
    steps = PAIRS * 2 * INFERENCES
    shocks = random.normal(0, 0.02 * math.sqrt(1 - 0.6**2), (experiments, steps + 50))
    noise = lfilter([1.0], [1.0, -0.6], shocks, axis=1)[:, 50:]
    ln = noise + 0.03 * np.arange(steps) / steps
    blocks = np.exp(ln).reshape(experiments, PAIRS, 2, INFERENCES) * 10e6
    candidate_first = random.random((experiments, PAIRS)) < 0.5
    medians_first, medians_second = np.median(blocks[:, :, 0], axis=-1), np.median(blocks[:, :, 1], axis=-1)
    baseline = np.where(candidate_first, medians_second, medians_first)
    candidate = np.where(candidate_first, medians_first, medians_second) * (1 + effect)
    return baseline, candidate


def test_the_same_model_twice_is_called_different_five_times_in_a_hundred() -> None:
    outcomes = [
        judge_outcome(estimate_mean(-log_ratios(baseline, candidate)), TIGHT)
        for baseline, candidate in zip(*simulated_pairs(1500, 0.0, seed=1), strict=True)
    ]
    wrong = sum(outcome in ("better", "worse") for outcome in outcomes) / len(outcomes)
    assert wrong == pytest.approx(0.05, abs=0.015)


def test_the_same_model_twice_is_equivalent_or_inconclusive_within_the_default_margin() -> None:
    margins = Margins(math.log1p(0.02), math.log1p(0.02))
    outcomes = {
        judge_outcome(estimate_mean(-log_ratios(baseline, candidate)), margins)
        for baseline, candidate in zip(*simulated_pairs(300, 0.0, seed=2), strict=True)
    }
    assert outcomes <= {"equivalent", "inconclusive"}


def test_a_slowdown_of_three_per_cent_is_found_and_never_called_better() -> None:
    outcomes = [
        judge_outcome(estimate_mean(-log_ratios(baseline, candidate)), TIGHT)
        for baseline, candidate in zip(*simulated_pairs(300, 0.03, seed=3), strict=True)
    ]
    assert outcomes.count("worse") / len(outcomes) >= 0.8
    assert "better" not in outcomes


def test_ninety_five_in_a_hundred_intervals_hold_the_true_ratio() -> None:
    held = []
    for baseline, candidate in zip(*simulated_pairs(1500, -0.05, seed=4), strict=True):
        low, high = estimate_mean(log_ratios(baseline, candidate)).interval(0.95) or (0.0, 0.0)
        held.append(low <= math.log(0.95) <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_equivalence_is_claimed_wrongly_at_most_five_times_in_a_hundred() -> None:
    # The worst case: a true difference exactly on the margin.
    random = np.random.default_rng(5)
    margins = Margins(0.02, 0.02)
    claims = [
        judge_outcome(estimate_mean(differences), margins) == "equivalent"
        for differences in random.normal(0.02, 0.02, (1500, PAIRS))
    ]
    assert np.mean(claims) <= 0.065


def test_why_blocks_are_paired_at_all() -> None:
    # Run A, then run B, and compare: under a drift of 3 % the same model is "different" nearly every time.
    from scipy.stats import mannwhitneyu

    random = np.random.default_rng(6)
    shocks = random.normal(0, 0.02 * 0.8, (200, 240))
    series = lfilter([1.0], [1.0, -0.6], shocks, axis=1) + 0.03 * np.arange(240) / 240
    wrong = [mannwhitneyu(one[:120], one[120:]).pvalue < 0.05 for one in series]
    assert np.mean(wrong) > 0.8
