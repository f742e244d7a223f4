"""As many items as are said to be needed decide about as often as is said, and a few items tell it well enough."""

import numpy as np
import pytest

from harness.statistics.estimate import estimate_mean
from harness.statistics.items_needed import items_needed
from harness.statistics.power import MOST
from tests.harness.experiments import experiments

EXPERIMENTS = experiments(600)
DRAWS = {
    "normal": lambda random, shape: random.normal(0, 1, shape),
    "heavy tails": lambda random, shape: random.standard_t(4, shape) / 2**0.5,
    "skewed": lambda random, shape: random.gamma(2.0, 1.0, shape) / 2**0.5 - 2**0.5,
}


def decided(draw, n: int, margin: float) -> float:
    """How often n items of a candidate that is as good as the baseline show that it loses less than the margin."""
    random = np.random.default_rng(n)
    bounds = [estimate_mean(draw(random, n)).interval(0.90) for _ in range(EXPERIMENTS)]
    return sum(ends is not None and ends[0] > -margin for ends in bounds) / EXPERIMENTS


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("margin", [0.3, 0.6])
def test_so_many_items_decide_four_times_in_five(draw, margin):
    n = items_needed(DRAWS[draw](np.random.default_rng(1), 20_000), margin)
    assert 0.74 <= decided(DRAWS[draw], n, margin) <= 0.9


@pytest.mark.parametrize("draw", DRAWS)
def test_twelve_items_tell_the_number_to_within_a_factor_of_two_and_a_half(draw):
    random = np.random.default_rng(2)
    right = items_needed(DRAWS[draw](random, 20_000), 0.4)
    told = np.array([items_needed(DRAWS[draw](random, 12), 0.4) for _ in range(EXPERIMENTS)], dtype=float)
    within = (told >= right / 2.5) & (told <= right * 2.5)
    assert within.mean() >= 0.8


def test_too_few_differences_or_far_too_small_a_margin_say_nothing():
    values = np.random.default_rng(3).normal(0, 1, 12)
    assert items_needed(values[:5], 0.1) is None
    assert items_needed(values, 1e-6) is None
    assert items_needed(values, 0.0) is None
    assert items_needed(np.full(12, 0.3), 0.1) == 2
    assert items_needed(values, 0.1) <= MOST
