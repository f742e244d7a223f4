"""Who looked, and who only clicked."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.statistics.vote_care import Checks, chance_careless, why_careless
from tests.harness.statistics import simulated_voters

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


def test_the_documentation_s_numbers_are_those_of_simulated_sessions(monkeypatch):
    told = " ".join((Path(__file__).parents[3] / "docs" / "ask-people.md").read_text(encoding="utf-8").split())
    said = re.search(r"that finds (\d+) in 100 .*; one in ten would find (\d+)", told)
    for between, share in zip((6, 8), said.groups(), strict=True):  # asked twice: one of 6 + 2 pairs, one of 8 + 2
        monkeypatch.setattr(simulated_voters, "PAIRS_BETWEEN_CHECKS", between)
        source, found, sessions = np.random.default_rng(between), 0, 1500
        for _ in range(sessions):
            checks = simulated_voters.session(source, np.zeros(30), ties=0.0, careless=True).checks
            found += why_careless(checks) is not None
        assert abs(found / sessions - int(share) / 100) < 0.035  # three standard errors of 1500 sessions
