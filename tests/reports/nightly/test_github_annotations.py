"""Annotations of GitHub Actions: levels, escaping, and no more than GitHub shows."""

from __future__ import annotations

import re

from reports.nightly.github_annotations import annotation
from reports.nightly.registry import open_rendering
from tests.reports.nightly import sample_night as sample

LINE = re.compile(r"::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)")


def lines(nightly) -> list[tuple[str, str, str]]:
    text = open_rendering("github-annotations").render(nightly).decode()
    found = [LINE.fullmatch(line) for line in text.split("\n")[:-1]]
    assert all(found)
    return [match.groups() for match in found]


def test_a_confirmed_regression_and_what_gave_no_result_are_errors_and_the_rest_are_warnings():
    levels = [(level, title) for level, title, _ in lines(sample.night())]
    assert levels == [
        ("error", "regression%2C confirmed"),
        ("error", "quarantined%3A denoiser on adb%3AR5CT30ABCDE"),
        ("error", "out of time%3A classifier on ssh%3A//pi@bench-4"),
        ("warning", "cost moved%2C confirmed"),
        ("warning", "environment changed%2C confirmed"),
        ("warning", "drift%2C suspected"),
        ("warning", "partly%3A denoiser on local"),
        ("warning", "about this night"),
    ]


def test_a_fine_night_prints_nothing():
    assert lines(sample.fine_night()) == []


def test_a_night_without_a_job_is_an_error():
    assert ("error", "nothing was measured") in [each[:2] for each in lines(sample.empty_night(jobs=[]))]


def test_escapes_are_those_of_github_s_own_toolkit():
    said = annotation("error", "a:b,c%", "100 % of\r\nit: a,b")
    assert said == "::error title=a%3Ab%2Cc%25::100 %25 of it: a,b"


def test_text_of_strangers_begins_no_command_of_its_own():
    for level, _, message in lines(sample.hostile_night()):
        assert level in {"error", "warning"}
        assert "%0A" not in message.replace("%250A", "")


def test_the_tenth_of_a_kind_says_how_many_are_left_out():
    nightly = sample.night(changes=[sample.change(n) for n in range(25)])
    errors = [each for each in lines(nightly) if each[0] == "error"]
    assert len(errors) == 10
    assert errors[-1][2].startswith("18\u00a0more of this kind")
