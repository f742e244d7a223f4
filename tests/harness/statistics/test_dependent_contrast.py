"""The difference between the thirds of a series is as uncertain as its own wandering makes it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from harness.statistics.dependent_contrast import contrast_of_series

PLACES = np.arange(48.0)
THIRDS = np.repeat([-1.0, 0.0, 1.0], 16) / 16
SERIES = 400


def wandering(source: np.random.Generator, alike: float, count: int = 48) -> np.ndarray:
    """AR(1) with a standard deviation of 1, settled."""
    shocks = source.normal(0.0, np.sqrt(1 - alike**2), 400 + count)
    return np.asarray(lfilter([1.0], [1.0, -alike], shocks)[400:])


@pytest.mark.parametrize(("alike", "most"), [(0.0, 0.06), (0.3, 0.06), (0.6, 0.07), (0.8, 0.11)])
def test_an_interval_leaves_out_the_truth_in_about_5_of_100(alike: float, most: float) -> None:
    source = np.random.default_rng(round(100 * alike))
    missed = 0
    for _ in range(SERIES):
        found = contrast_of_series(wandering(source, alike), PLACES, THIRDS)
        missed += abs(found.difference) > found.half_width(0.95)
    print(f"AR(1) {alike}: {100 * missed / SERIES:.1f} % missed")
    assert missed <= most * SERIES + 3


def test_it_falls_short_where_a_series_wanders_over_its_whole_length() -> None:
    """A smooth course and half of a slow wave are the same: of AR(1) .97 three in four are right."""
    source = np.random.default_rng(1)
    found = [contrast_of_series(wandering(source, 0.97), PLACES, THIRDS) for _ in range(SERIES)]
    wrong = sum(abs(one.difference) > one.half_width(0.95) for one in found)
    print(f"AR(1) .97: {100 * wrong / SERIES:.1f} % wrong")
    assert wrong <= 0.3 * SERIES


COURSES = {
    "a line": np.linspace(0.0, 0.09, 48),
    "a step in the middle": 0.06 * (PLACES > 23),
    "a step within a third": 0.10 * (PLACES > 37),
    "warming up": 0.10 * (1 - np.exp(-PLACES / 10)),
    "ever faster": 0.10 * (PLACES / 47) ** 2,
}


@pytest.mark.parametrize("name", COURSES)
def test_a_true_change_is_found_and_does_not_count_as_wandering(name: str) -> None:
    source = np.random.default_rng(2)
    found = [contrast_of_series(COURSES[name] + source.normal(0, 0.005, 48), PLACES, THIRDS) for _ in range(100)]
    seen = sum(one.difference > one.half_width(0.95) for one in found)
    print(f"{name}: found {seen} of 100")
    assert seen >= 85


def test_independent_values_cost_little() -> None:
    """The variance of a difference of two means of 16 is 2·σ²/16; what is added for caution makes it no narrower."""
    source = np.random.default_rng(3)
    errors = [contrast_of_series(source.normal(0, 1, 48), PLACES, THIRDS).standard_error for _ in range(200)]
    assert np.sqrt(2 / 16) <= np.median(errors) <= 1.25 * np.sqrt(2 / 16)


def test_equal_values_have_no_error_and_missing_places_count() -> None:
    equal = contrast_of_series(np.full(48, 16.1), PLACES, THIRDS)
    assert (equal.standard_error, equal.half_width(0.95), equal.memory) == (0.0, 0.0, 0.0)
    kept = np.delete(np.arange(48), [5, 6, 30])
    source = np.random.default_rng(4)
    weights = THIRDS[kept]
    weights = np.where(weights < 0, -1 / (weights < 0).sum(), np.where(weights > 0, 1 / (weights > 0).sum(), 0.0))
    found = contrast_of_series(wandering(source, 0.6)[kept], PLACES[kept], weights)
    assert found.memory > 1.0
    assert found.standard_error > 0.0
