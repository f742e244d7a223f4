"""The t-test of a tail: the textbook's where values are independent, and no more wrong than promised where they are
not.
"""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from harness.statistics.lone_outliers import without_lone_outliers
from harness.statistics.moderated_variance import VariancePrior
from harness.statistics.serial_correlation import INDEPENDENT, SerialCorrelation, pooled_serial_correlation
from harness.statistics.tail_shift import tail_shifts

NOTHING_KNOWN = VariancePrior(1.0, 0.0)


def test_one_value_against_all_before_it_is_the_textbook_s_t_test():
    values = np.random.default_rng(1).normal(size=20)
    values[-1] += 3.0
    found = tail_shifts(values, np.ones(20), [1], NOTHING_KNOWN, INDEPENDENT, 0.0)
    assert found.p_values[0] == pytest.approx(ttest_ind(values[:-1], values[-1:]).pvalue)


def test_lengths_that_leave_no_level_before_are_left_out():
    found = tail_shifts(np.arange(6.0), np.ones(6), [1, 2, 3, 4, 5], NOTHING_KNOWN, INDEPENDENT, 0.0)
    assert found.lengths.tolist() == [1, 2, 3]


def test_a_night_with_a_wide_interval_counts_less():
    values = np.r_[np.random.default_rng(2).normal(0, 0.01, 30), 0.05]
    usual = tail_shifts(values, np.ones(31), [1], NOTHING_KNOWN, INDEPENDENT, 0.0)
    wide = tail_shifts(values, np.r_[np.ones(30), 9.0], [1], NOTHING_KNOWN, INDEPENDENT, 0.0)
    assert wide.standard_errors[0] == pytest.approx(usual.standard_errors[0] * np.sqrt(9.0), rel=0.02)
    assert wide.p_values[0] > 100 * usual.p_values[0]


def test_nights_that_are_alike_are_no_more_often_called_a_change():
    source = np.random.default_rng(3)
    rows = source.normal(size=(3000, 40))
    for i in range(1, 40):
        rows[:, i] = 0.5 * rows[:, i - 1] + np.sqrt(0.75) * rows[:, i]
    serial = SerialCorrelation(1.0, 0.5)
    prior = VariancePrior(1.0, 20.0)
    wrong = np.mean([tail_shifts(row, np.ones(40), [5], prior, serial, 0.0).p_values[0] < 0.01 for row in rows])
    naive = np.mean([tail_shifts(row, np.ones(40), [5], prior, INDEPENDENT, 0.0).p_values[0] < 0.01 for row in rows])
    assert wrong < 0.015
    assert naive > 0.05


def test_how_much_nights_are_alike_is_found_with_what_is_their_own():
    source = np.random.default_rng(4)
    wandering = source.normal(size=(200, 60))
    for i in range(1, 60):
        wandering[:, i] = 0.8 * wandering[:, i - 1] + 0.6 * wandering[:, i]
    rows = wandering + source.normal(size=(200, 60))
    found = pooled_serial_correlation([row - row.mean() for row in rows])
    assert found.memory == pytest.approx(0.8, abs=0.1)
    assert found.share == pytest.approx(0.5, abs=0.1)


def test_a_lone_outlier_is_brought_nearer_and_a_step_is_left():
    values = np.random.default_rng(5).normal(0, 0.01, 40)
    values[20] = 0.5
    values[30:] += 0.2
    cleaned = without_lone_outliers(values)
    assert abs(cleaned[20]) < 0.06
    assert np.array_equal(np.delete(cleaned, 20), np.delete(values, 20))
