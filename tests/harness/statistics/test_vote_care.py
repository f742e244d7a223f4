"""Who looked, and who only clicked."""

from dataclasses import replace

from harness.statistics.vote_care import Checks, chance_careless, why_careless

LOOKED = Checks(
    same=4, half=1, opposite=0, identical_tied=4, identical=5, left=12, right=11, median_ms=2300, first=13, second=10
)


def test_a_voter_who_looked_has_no_reason_against_them():
    assert why_careless(LOOKED) is None
    assert chance_careless(LOOKED) < 0.05


def test_a_voter_faster_than_sight_is_found():
    assert "faster than anybody" in why_careless(replace(LOOKED, median_ms=180.0))


def test_a_voter_who_always_presses_one_key_is_found():
    assert "left one 23 of 23" in why_careless(replace(LOOKED, left=23, right=0))


def test_a_voter_who_contradicts_themselves_is_found():
    random = replace(LOOKED, same=1, half=2, opposite=2, identical_tied=1)
    assert "1 of 5 repeated pairs" in why_careless(random)


def test_a_clear_preference_over_drawn_sides_is_a_sign_of_care():
    unsure = replace(LOOKED, same=2, half=2, opposite=1, identical_tied=2)
    assert chance_careless(replace(unsure, first=23, second=0)) < 0.1 < chance_careless(unsure)


def test_a_short_session_alone_condemns_nobody():
    assert why_careless(replace(LOOKED, same=0, half=1, opposite=0, identical_tied=1, identical=1)) is None
