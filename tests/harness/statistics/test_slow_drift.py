"""A ramp is found as a ramp, a step as a step, each where it began."""

import numpy as np
import pytest

from harness.statistics.moderated_variance import VariancePrior
from harness.statistics.serial_correlation import INDEPENDENT
from harness.statistics.slow_drift import course_of, slopes

PRIOR = VariancePrior(0.02**2, 20.0)


def noisy(course: np.ndarray, seed: int = 1) -> np.ndarray:
    return course + np.random.default_rng(seed).normal(0, 0.02, course.size)


def test_a_slow_climb_is_a_drift_from_about_its_begin_on():
    values = noisy(np.r_[np.zeros(40), np.linspace(0, 0.12, 40)])
    found = course_of(values, np.ones(80), 0.02**2, np.ones(80), 84)
    assert found.is_drift
    assert abs(found.begin - 40) <= 10
    assert (found.before, found.after) == (pytest.approx(0.0, abs=0.02), pytest.approx(0.12, abs=0.02))


def test_a_step_is_no_drift_and_its_likely_nights_hold_the_true_one():
    values = noisy(np.r_[np.zeros(60), np.full(20, 0.06)])
    found = course_of(values, np.ones(80), 0.02**2, np.ones(80), 84)
    assert not found.is_drift
    assert found.earliest <= 60 <= found.latest
    assert found.latest - found.earliest < 6


def test_a_commit_draws_the_step_to_its_night():
    values = noisy(np.r_[np.zeros(60), np.full(4, 0.05)], seed=3)
    likelier = np.ones(64)
    likelier[60] = 20.0
    assert course_of(values, np.ones(64), 0.02**2, likelier, 84).begin == 60


def test_slopes_are_the_least_squares_ones_and_need_weeks():
    values = noisy(np.linspace(0, 0.1, 60))
    found = {each.length: each for each in slopes(values, np.ones(60), [14, 28, 56], PRIOR, INDEPENDENT, 0.0)}
    assert list(found) == [28, 56]
    assert found[56].change == pytest.approx(np.polyfit(np.arange(56), values[-56:], 1)[0] * 55)
    assert found[56].p_value < 1e-10
