"""Against the definition, written out as loops, and by how often shuffled noise is called a change."""

import itertools

import numpy as np
import pytest

from harness.statistics.energy_divisive import split_by_energy, split_test


def energy_of(before: np.ndarray, after: np.ndarray) -> float:
    between = np.mean([abs(a - b) for a in before for b in after])
    within = sum(np.mean([abs(a - b) for a in part for b in part]) for part in (before, after))
    return len(before) * len(after) / (len(before) + len(after)) * (2 * between - within)


def test_the_split_is_the_one_of_the_definition():
    values = np.random.default_rng(1).normal(size=14)
    values[9:] += 2.0
    every = [energy_of(values[:k], values[k:]) for k in range(1, 14)]
    found = split_by_energy(values)
    assert found.index == 1 + int(np.argmax(every))
    assert found.statistic == pytest.approx(max(every))


def test_the_p_value_is_the_share_of_all_orders_where_they_can_be_counted():
    values = np.array([0.0, 0.3, -0.2, 0.1, 5.0, 5.4])
    observed = split_by_energy(values).statistic
    orders = [np.array(order) for order in itertools.permutations(values)]
    exact = np.mean([split_by_energy(order).statistic >= observed * (1 - 1e-9) for order in orders])
    assert split_test(values, seed=3, permutations=1999).p_value == pytest.approx(exact, abs=0.02)


def test_a_p_value_is_never_0_and_the_same_for_the_same_seed():
    values = np.r_[np.zeros(20), np.ones(20)] + np.random.default_rng(2).normal(0, 0.01, 40)
    first, again = (split_test(values, seed=5, permutations=99) for _ in range(2))
    assert first == again
    assert first.p_value == first.smallest == 0.01


def test_noise_is_seldom_called_a_change():
    source = np.random.default_rng(4)
    p_values = [split_test(source.standard_t(3, 20), seed, permutations=99).p_value for seed in range(200)]
    assert np.mean(np.array(p_values) <= 0.05) < 0.1
