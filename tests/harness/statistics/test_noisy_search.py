"""Probabilistic bisection: how often it names the wrong commit, and what it measures for it."""

import numpy as np

from harness.statistics.noisy_search import (
    first_bad_probabilities,
    likely_range,
    log_odds_bad,
    next_to_measure,
)


def search(true: int, count: int, noise: float, seed: int, unmeasurable: frozenset[int] = frozenset()):
    source = np.random.default_rng(seed)
    evidence: dict[int, list[float]] = {}
    can = [index not in unmeasurable for index in range(count)]
    measured = 0
    while True:
        probabilities = first_bad_probabilities(count, evidence)
        index = next_to_measure(probabilities, can)
        if index is None:
            return likely_range(probabilities, can), measured
        effect = source.normal(0.05 if index >= true else 0.0, noise)
        evidence.setdefault(index, []).append(log_odds_bad(effect, noise, 1e6, 0.05))
        measured += 1


def test_clear_runs_halve_the_commits():
    found, measured = search(37, 64, 0.002, seed=1)
    assert found == (37, 37)
    assert measured <= 9


def test_noisy_runs_name_the_wrong_commit_less_than_5_times_in_100():
    source = np.random.default_rng(2)
    wrong = measured = 0
    for seed in range(300):
        true = int(source.integers(20))
        found, runs = search(true, 20, 0.02, seed)
        wrong += found != (true, true)
        measured += runs
    assert wrong <= 15
    assert measured / 300 < 15


def test_commits_that_cannot_be_measured_are_told_together_with_the_next_that_can():
    found, _ = search(5, 10, 0.002, seed=3, unmeasurable=frozenset({4, 5}))
    assert found == (4, 6)


def test_a_single_run_never_decides_beyond_99_to_1():
    assert log_odds_bad(0.05, 1e-6, 9, 0.05) == np.log(99.0)
    assert log_odds_bad(0.0, 1e-6, 9, 0.05) == -np.log(99.0)
    assert abs(log_odds_bad(0.025, 0.01, 9, 0.05)) < 1e-9


def test_one_commit_needs_no_search():
    assert next_to_measure(first_bad_probabilities(1, {}), [True]) is None
