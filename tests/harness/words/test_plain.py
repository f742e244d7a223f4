"""Numbers as people who do not measure think of them."""

from __future__ import annotations

import math

import pytest

from harness.words.plain import battery_in_words, duration_in_words, rate_in_words


@pytest.mark.parametrize(
    ("before_ms", "after_ms", "words"),
    [
        (35.7, 27.0, "37 images a second instead of 28"),
        (400.0, 250.0, "4.0 images a second instead of 2.5"),
        (27.0, 26.9, None),
        (1500.0, 700.0, None),
        (0.0, 20.0, None),
        (math.inf, 20.0, None),
    ],
)
def test_a_time_is_a_rate(before_ms: float, after_ms: float, words: str | None) -> None:
    assert rate_in_words(before_ms * 1e6, after_ms * 1e6, "image") == words


@pytest.mark.parametrize(
    ("before_h", "after_h", "words"),
    [
        (8.0, 9.17, "about 1 h 10 min more of continuous use from a full battery"),
        (9.0, 7.0, "about 2 h less of continuous use from a full battery"),
        (9.0, 9.2, "about 10 min more of continuous use from a full battery"),
        (9.0, 9.05, None),
        (9.0, math.nan, None),
    ],
)
def test_hours_of_a_battery(before_h: float, after_h: float, words: str | None) -> None:
    assert battery_in_words(before_h, after_h) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 5 seconds"),
        (38.0, "about 40 seconds"),
        (58.0, "about 1 minute"),
        (60.0, "about 1 minute"),
        (236.0, "about 4 minutes"),
        (5400.0, "about 1.5 hours"),
        (20_000.0, "about 6 hours"),
    ],
)
def test_a_wait_is_rounded_up(seconds: float, words: str) -> None:
    assert duration_in_words(seconds) == words
