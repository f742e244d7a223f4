"""Real outputs that were cut, mixed, or replaced by noise: a value is the true one or unavailable, never another."""

from __future__ import annotations

import dataclasses
import random
import types
import typing
from typing import Any

import pytest

from devices.readings.batterystats import parse_batterystats
from devices.readings.power_rails import parse_energy_meter
from devices.readings.rapl import parse_energy_uj
from devices.readings.unavailable import NotThere
from tests.devices.readings.found_values import whole_value
from tests.devices.readings.sample_files import expected_rows, sample

PATHS = sorted(expected_rows())
# What is said of the text rather than of the device.
OF_THE_TEXT = {"is_complete", "cached_count", "is_consistent"}


def leaves(value: Any, place: str = "") -> dict[str, Any]:
    """Every single value inside a parsed one, by its place; the unavailable ones left out."""
    if isinstance(value, NotThere) or value is None:
        return {}
    if dataclasses.is_dataclass(value):
        pairs = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
        children = [(f"{place}.{name}", child) for name, child in pairs if name not in OF_THE_TEXT]
    elif isinstance(value, dict):
        children = [(f"{place}[{key}]", child) for key, child in value.items()]
    elif isinstance(value, (list, tuple)):
        children = [(f"{place}[{at}]", child) for at, child in enumerate(value)]
    else:
        return {place: value}
    return {where: leaf for name, child in children for where, leaf in leaves(child, name).items()}


def check_types(value: Any) -> None:
    """Every field of every dataclass inside holds what it declares."""
    if dataclasses.is_dataclass(value):
        hints = typing.get_type_hints(type(value))
        for field in dataclasses.fields(value):
            child = getattr(value, field.name)
            hint = hints[field.name]
            union = typing.get_origin(hint) in (typing.Union, types.UnionType)
            allowed = [typing.get_origin(one) or one for one in (typing.get_args(hint) if union else (hint,))]
            assert type(child) in allowed, (type(value).__name__, field.name, child)
            assert not isinstance(child, NotThere) or child.reason
            check_types(child)
    elif isinstance(value, dict):
        for child in value.values():
            check_types(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            check_types(child)


@pytest.mark.parametrize("path", PATHS)
def test_a_text_cut_anywhere_gives_nothing_that_the_whole_one_does_not(path: str) -> None:
    text = sample(path)
    truth = leaves(whole_value(path, text))
    step = max(1, len(text) // 150)
    for length in range(0, len(text), step):
        value = whole_value(path, text[:length])
        check_types(value)
        wrong = {where: leaf for where, leaf in leaves(value).items() if truth.get(where) != leaf}
        assert wrong == {}, (length, text[max(0, length - 40) : length])


@pytest.mark.parametrize("path", PATHS)
def test_line_ends_of_an_old_shell_change_nothing(path: str) -> None:
    text = sample(path)
    assert whole_value(path, text.replace("\r\n", "\n").replace("\n", "\r\n")) == whole_value(path, text)


@pytest.mark.parametrize("path", PATHS)
def test_mixed_with_the_next_output_or_with_noise_it_is_still_typed(path: str) -> None:
    text, other = sample(path), sample(PATHS[(PATHS.index(path) + 1) % len(PATHS)])
    draw = random.Random(path)
    lines = text.splitlines(keepends=True) + other.splitlines(keepends=True)
    for _ in range(4):
        check_types(whole_value(path, "".join(draw.sample(lines, len(lines)))))
        cuts = sorted(draw.sample(range(len(text) + 1), min(6, len(text))))
        pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        check_types(whole_value(path, (other[:30] + "\x00\ufffd").join(pieces)))


@pytest.mark.parametrize("path", PATHS)
def test_noise_and_silence_give_no_value_at_all(path: str) -> None:
    draw = random.Random(path)
    noises = [bytes(draw.randrange(256) for _ in range(3000)).decode("utf-8", "replace") for _ in range(5)]
    for text in ["", "\n" * 3, "\x00" * 50, "Permission denied\n", "cat: x: No such file or directory\n", *noises]:
        value = whole_value(path, text)
        check_types(value)
        is_empty_list_of_steps = "frequencies" in path and value == ()
        assert leaves(value) == {} or is_empty_list_of_steps, text[:60]


METER = """
============= PowerStats HAL 2.0 energy meter ==============
                           Channel    Cumulative Energy
            [S10M_VDD_TPU]:TPU         5578.76 mWs
  [VSYS_PWR_MODEM]:Modem        192612464.00 mWs
  [S2M_VDD_CPUCL2]:CPU(BIG)             0.00 mWs
========== End of PowerStats HAL 2.0 energy meter ==========
"""


def test_the_energy_meter_of_the_power_stats_hal() -> None:
    rails = parse_energy_meter(METER)
    assert not isinstance(rails, NotThere)
    energies = {name: rail.energy_uj for name, rail in rails.rails.items()}
    assert energies == {"S10M_VDD_TPU": 5578760.0, "VSYS_PWR_MODEM": 192612464000.0, "S2M_VDD_CPUCL2": 0.0}
    assert rails.resolution_uj == 2**14  # a 32-bit float of 1.9e11 has steps of 16384
    for length in range(len(METER)):
        assert isinstance(parse_energy_meter(METER[:length]), NotThere)


def test_a_counter_is_a_whole_line() -> None:
    assert parse_energy_uj("262143328850\n") == 262143328850
    for text in ("262143328850", "", "12 34\n", "-1\n", "1\n2\n", "1e5\n"):
        assert isinstance(parse_energy_uj(text), NotThere), text


def test_a_model_of_energy_is_not_there_without_a_battery() -> None:
    stats = parse_batterystats(sample("batterystats_checkin/device-without-battery.txt"))
    assert not isinstance(stats, NotThere)
    assert isinstance(stats.total_mah, NotThere)
    assert isinstance(stats.capacity_mah, NotThere)
