"""The intraclass correlation: by the formulas of a one-way layout, and as seldom seen by chance as it says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.statistics.intraclass import intraclass


def test_it_is_the_f_test_of_a_one_way_layout() -> None:
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(6), [2, 4, 4, 3, 5, 6])
    values = random.normal(0, 1, 6)[groups] + random.normal(0, 1, groups.size)
    found = intraclass(values, groups)
    assert found is not None
    assert found.p_value == pytest.approx(stats.f_oneway(*(values[groups == one] for one in range(6))).pvalue)
    assert found.groups == 6


def test_it_is_about_what_it_was_made_with() -> None:
    random = np.random.default_rng(2)
    groups = np.repeat(np.arange(200), 5)
    values = random.normal(0, 2, 200)[groups] + random.normal(0, 1, groups.size)
    found = intraclass(values, groups)
    assert found is not None
    assert found.correlation == pytest.approx(0.8, abs=0.04)


def test_values_that_are_independent_are_hardly_ever_called_alike() -> None:
    random = np.random.default_rng(3)
    groups = np.repeat(np.arange(6), 4)
    found = [intraclass(random.normal(0, 1, 24), groups) for _ in range(500)]
    assert np.mean([one is not None and one.p_value < 0.01 for one in found]) <= 0.025


def test_without_two_of_a_group_nothing_is_said() -> None:
    assert intraclass(np.arange(4.0), np.arange(4)) is None
    assert intraclass(np.arange(4.0), np.zeros(4)) is None
    assert intraclass(np.array([1.0, 1.0, 2.0, 2.0]), np.array([0, 0, 1, 1])) is None
