"""Smyth 2004: what the prior is when the truth is known."""

import numpy as np
import pytest

from harness.statistics.moderated_variance import FEWEST_DEGREES, MOST_DEGREES, fit_prior


def sampled(degrees: float, prior_degrees: float, count: int = 4000) -> np.ndarray:
    source = np.random.default_rng(1)
    true = 4.0 * prior_degrees / source.chisquare(prior_degrees, count)
    return true * source.chisquare(degrees, count) / degrees


@pytest.mark.parametrize("prior_degrees", [6.0, 20.0])
def test_the_prior_that_variances_were_drawn_from_is_found(prior_degrees):
    prior = fit_prior(sampled(9.0, prior_degrees), np.full(4000, 9.0))
    assert prior.variance == pytest.approx(4.0, rel=0.1)
    assert prior.degrees == pytest.approx(prior_degrees, rel=0.3)


def test_variances_that_are_all_of_one_truth_count_for_the_most_that_is_allowed():
    variances = np.random.default_rng(2).chisquare(9, 4000) / 9.0
    assert fit_prior(variances, np.full(4000, 9.0)).degrees == pytest.approx(MOST_DEGREES, rel=0.5)


def test_variances_without_anything_in_common_count_for_little():
    assert fit_prior(np.geomspace(1e-6, 1e6, 50), np.full(50, 9.0)).degrees == FEWEST_DEGREES
