"""Simulated voters with known preference and carelessness: what their votes tell of the truth."""

import math

import numpy as np
import pytest

from harness.statistics.preference import ItemVotes, agreement, estimate_preference
from harness.statistics.vote_care import why_careless
from harness.statistics.vote_stopping import unbiased_share
from tests.harness.statistics.simulated_voters import preferences_of, session, true_preference

MANY = 120


def people(source, *, voters, images, mean, spread, ties, careless):
    """The estimate of those who are not found careless, and for both kinds of voters how many were found."""
    of_items = source.normal(0.0, spread, images)
    shares, votes, of, on, found = [], [], [], [], {True: [], False: []}
    for _ in range(voters):
        is_careless = bool(source.random() < careless)
        preferences = preferences_of(source, of_items, mean, spread)
        done = session(source, preferences, ties=ties, careless=is_careless)
        found[is_careless].append(why_careless(done.checks) is not None)
        if not found[is_careless][-1]:
            votes += done.votes
            on += done.images
            of += [len(shares)] * len(done.votes)
            shares.append(unbiased_share(done.count(1.0), done.count(0.0), done.count(0.5)))
    return estimate_preference(*map(np.array, (shares, votes, of, on))), found


CASES = {
    "no preference": {"voters": 10, "images": 24, "mean": 0.0, "spread": 0.5, "ties": 0.2, "careless": 0.0},
    "some preference, some careless": {
        "voters": 20, "images": 30, "mean": 0.8, "spread": 0.5, "ties": 0.2, "careless": 0.2,
    },
    "nearly all": {"voters": 12, "images": 24, "mean": 2.5, "spread": 0.7, "ties": 0.05, "careless": 0.0},
    "voters of two minds": {"voters": 20, "images": 30, "mean": 4.0, "spread": 3.0, "ties": 0.0, "careless": 0.0},
    "voters at odds": {"voters": 24, "images": 24, "mean": 0.5, "spread": 1.2, "ties": 0.3, "careless": 0.1},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_interval_holds_the_truth(case):
    source = np.random.default_rng(13)
    truth = true_preference(case["mean"], math.sqrt(2.0) * case["spread"], case["ties"])
    estimates = [people(source, **case)[0] for _ in range(MANY)]
    held = np.mean([low <= truth <= high for low, high in (each.interval(0.95) for each in estimates)])
    # Of 120 intervals of 95 %, 108 hold the truth at least, with a chance of 99 % (binomial).
    assert held >= 108 / MANY
    assert np.mean([each.mean for each in estimates]) == pytest.approx(truth, abs=0.02)


def test_careless_voters_are_found_and_others_are_not():
    source = np.random.default_rng(14)
    found = {True: [], False: []}
    for _ in range(20):
        seen = people(source, voters=30, images=30, mean=0.4, spread=0.7, ties=0.25, careless=0.3)[1]
        for kind, which in seen.items():
            found[kind] += which
    assert np.mean(found[True]) > 0.75
    assert np.mean(found[False]) < 0.04


def test_voters_who_agree_in_everything_do_not_speak_for_everybody():
    votes = np.ones(10 * 8)
    of, on = np.repeat(np.arange(10), 8), np.tile(np.arange(8), 10)
    low, high = estimate_preference(np.ones(10), votes, of, on).interval(0.95)
    assert low < 0.92
    assert high >= 1.0


def test_one_voter_has_no_interval():
    estimate = estimate_preference(np.array([0.7]), np.array([1.0, 0.0]), np.array([0, 0]), np.array([0, 1]))
    assert estimate.mean == 0.7
    assert estimate.interval(0.95) is None


def test_many_voters_on_few_images_are_not_many():
    """All of 200 voters follow the image: the next image may be another matter."""
    of, on = np.repeat(np.arange(200), 4), np.tile(np.arange(4), 200)
    votes = (on < 3).astype(np.float64)
    low, high = estimate_preference(np.full(200, 0.75), votes, of, on).interval(0.95)
    assert low < 0.2
    assert high > 1.0


def test_agreement_is_krippendorffs_alpha():
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", part C: four observers, twelve units, interval
    # data with missing ones: α = 0.849.
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    pairs = [(value, unit) for row in observers for unit, value in enumerate(row) if value is not None]
    values, units = np.array([v for v, _ in pairs], dtype=float), np.array([u for _, u in pairs])
    assert agreement(values, units) == pytest.approx(0.849, abs=5e-4)


def test_agreement_needs_two_votes_on_an_image_and_two_kinds_of_votes():
    assert agreement(np.array([1.0, 0.0]), np.array([0, 1])) is None
    assert agreement(np.array([1.0, 1.0]), np.array([0, 0])) is None


def test_votes_on_one_image_are_a_sign_test():
    assert ItemVotes(9, 1, 3).p_value == pytest.approx(2 * 11 / 1024)
    assert ItemVotes(0, 0, 3).p_value == 1.0
    assert ItemVotes(6, 2, 2).share == 0.7
