"""A voter's session may be looked at after every answer."""

import itertools

import numpy as np
import pytest

from harness.statistics.vote_stopping import evidence_of_preference, is_settled, unbiased_share


def ended(answers):
    """(first, second) where a session with these answers ends."""
    first = second = 0
    for answer in answers:
        first, second = first + answer, second + 1 - answer
        if is_settled(first, second):
            break
    return first, second


def test_a_voter_without_preference_is_seldom_settled():
    source = np.random.default_rng(5)
    settled = [is_settled(*ended(source.integers(0, 2, 40).tolist())) for _ in range(4000)]
    assert np.mean(settled) < 0.05


def test_a_voter_with_a_clear_preference_is_soon_settled():
    source = np.random.default_rng(6)
    lengths = [sum(ended((source.random(60) < 0.9).astype(int).tolist())) for _ in range(300)]
    assert np.median(lengths) <= 14


def test_eight_answers_alike_settle_and_seven_do_not():
    assert is_settled(8, 0)
    assert not is_settled(7, 0)


def test_evidence_does_not_know_which_build_is_which():
    for first, second in itertools.product(range(12), range(12)):
        assert evidence_of_preference(first, second) == evidence_of_preference(second, first)


@pytest.mark.parametrize("chance", [0.3, 0.5, 0.75, 0.95])
def test_the_share_is_without_bias_though_answers_ended_the_session(chance):
    """Every order of 14 answers, weighed by its chance."""
    mean = plain = 0.0
    for answers in itertools.product((0, 1), repeat=14):
        first, second = ended(answers)
        weight = chance ** sum(answers) * (1.0 - chance) ** (14 - sum(answers))
        mean += weight * unbiased_share(first, second, 0)
        plain += weight * first / (first + second)
    assert mean == pytest.approx(chance, abs=1e-9)
    assert chance == 0.5 or abs(plain - chance) > 0.002  # what the plain share would be off by


def test_the_share_is_without_bias_with_ties():
    source = np.random.default_rng(7)
    shares = []
    for _ in range(2500):
        first = second = ties = 0
        for answer in source.choice([0, 1, 2], 20, p=[0.15, 0.6, 0.25]):
            first, second, ties = first + (answer == 1), second + (answer == 0), ties + (answer == 2)
            if is_settled(first, second):
                break
        shares.append(unbiased_share(first, second, ties))
    assert np.mean(shares) == pytest.approx(0.725, abs=0.015)


def test_a_session_that_cannot_be_has_no_share():
    with pytest.raises(ValueError, match="ends before"):
        unbiased_share(20, 0, 0)
    with pytest.raises(ValueError, match="no answers"):
        unbiased_share(0, 0, 0)
    assert unbiased_share(0, 0, 5) == 0.5
