"""Every real output of these topics gives the values that SOURCES.tsv names; no key is passed over."""

from __future__ import annotations

import re
from typing import Any

import pytest

from devices.readings.dumpsys_battery import STATUSES
from devices.readings.unavailable import NotThere
from tests.devices.readings.found_values import found_value, measured_clocks_in_words
from tests.devices.readings.sample_files import SAMPLES, TOPICS, expected_pairs, expected_rows, sample

ROWS = expected_rows()
IN_WORDS = [path for path in ROWS if re.search("opp-|time-in-state", path)]
MISSING = re.compile(r"absent|-> (unknown|implausible)|no.reading|invalid|error|not uAh remaining|not real")


def agrees(expected: str, value: Any) -> bool:
    """Whether a value is what a cell of the table says, whose numbers may be rounded and carry remarks."""
    if MISSING.search(expected) or isinstance(value, NotThere):
        return isinstance(value, NotThere) and bool(MISSING.search(expected)) and bool(value.reason)
    if isinstance(value, bool):
        return expected == str(value).lower()
    if isinstance(value, (tuple, list)):
        words = expected.strip("[]").split(",") if expected.strip("[]") else []
        return len(words) == len(value) and all(
            one == word if isinstance(one, str) else word == "NaN" if one is None else float(word) == one
            for word, one in zip(words, value, strict=True)
        )
    if isinstance(value, (int, float)):
        number = re.match(r"-?\d+(\.\d+)?(?![\w.])", expected)
        return number is not None and abs(float(number[0]) - value) <= 2e-5 * abs(value)
    remark = re.fullmatch(r"(\d)(?:\((.*)\))?", expected)
    if remark:
        return bool(value == (remark[2] or STATUSES[int(remark[1])]))
    return expected in (value, f'"{value}"')


def test_the_samples_are_there() -> None:
    sample("SOURCES.tsv")
    on_disk = {f"{topic}/{file.name}" for topic in TOPICS for file in (SAMPLES / topic).iterdir()}
    assert set(ROWS) == on_disk
    assert len(ROWS) == 91


@pytest.mark.parametrize("path", [path for path in ROWS if path not in IN_WORDS])
def test_a_real_output_gives_the_values_that_are_known(path: str) -> None:
    pairs = expected_pairs(ROWS[path])
    assert pairs
    wrong = {key: found_value(path, key) for key, expected in pairs if not agrees(expected, found_value(path, key))}
    assert wrong == {}, ROWS[path]


@pytest.mark.parametrize("path", IN_WORDS)
def test_tables_of_measured_clocks(path: str) -> None:
    assert measured_clocks_in_words(path) == ROWS[path]
