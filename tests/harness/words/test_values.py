"""A value reads the same wherever it stands: in a rule, a table, a sentence, a chart."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.quantity import QUANTITIES, Available, Quantity
from harness.words.changes import effect_in_words, value_in_words
from harness.words.values import size_and_unit, value_and_unit
from reports import format as fmt


def in_a_table(quantity: Quantity, stored: float) -> str:
    shown = fmt.measured(Available(value=stored, unit=quantity.unit, source="s"), quantity.name)
    assert shown.unavailable_because is None
    return shown.text.replace(fmt.NO_BREAK_SPACE, " ").replace(fmt.MINUS, "-")


@given(
    st.sampled_from(sorted(QUANTITIES)), st.floats(min_value=0.0, max_value=1e15, allow_nan=False, allow_infinity=False)
)
def test_a_rule_a_table_and_a_sentence_have_the_same_digits_and_unit(name: str, stored: float) -> None:
    assert value_in_words(QUANTITIES[name], stored) == in_a_table(QUANTITIES[name], stored)


@given(st.sampled_from(["psnr", "psnr_y"]), st.floats(min_value=-100.0, max_value=100.0))
def test_below_zero_too(name: str, stored: float) -> None:
    assert value_in_words(QUANTITIES[name], stored) == in_a_table(QUANTITIES[name], stored)


@pytest.mark.parametrize(
    ("quantity", "stored", "text"),
    [
        ("model_size", 16_000.0, "0.0160 MB"),
        ("model_size", 900.0, "900 bytes"),
        ("model_size", 4_096.0, "4.10 kB"),
        ("steady_memory", 41_200_000.0, "41.20 MB"),
        ("latency_p50", 412_345.0, "0.412 ms"),
        ("latency_p50", 41.234e6, "41.23 ms"),
        ("lpips_alex", 0.00003, "0.000030"),
        ("energy_per_inference", 0.0412, "0.0412 mJ"),
    ],
)
def test_values_as_people_read_them(quantity: str, stored: float, text: str) -> None:
    assert " ".join(value_and_unit(QUANTITIES[quantity], stored)).strip() == text
    assert value_in_words(QUANTITIES[quantity], stored) == text
    assert in_a_table(QUANTITIES[quantity], stored) == text


def test_a_value_whose_quantity_is_not_told_reads_the_same_as_one_whose_is() -> None:
    for unit, name in (("ns", "latency_p50"), ("bytes", "model_size")):
        for stored in (812.0, 4096.0, 41_234.0, 412_345.0, 41.2e6):
            alone = fmt.measured(Available(value=stored, unit=unit, source="s")).text
            assert alone == fmt.measured(Available(value=stored, unit=unit, source="s"), name).text
    assert [fmt.byte_count(size).replace(fmt.NO_BREAK_SPACE, " ") for size in (999_999_999, 25_276_060_000)] == [
        "1000.00 MB",
        "25.28 GB",
    ]
    assert fmt.byte_count(4096) == fmt.NO_BREAK_SPACE.join(size_and_unit(4096))


@given(st.floats(min_value=1e-4, max_value=0.9999))
def test_what_is_faster_by_a_share_stands_beside_its_factor(ratio: float) -> None:
    words = effect_in_words(QUANTITIES["latency_p50"], ratio, ratio * 0.99999, min(ratio * 1.00001, 0.99999))
    if "% faster" not in words:
        return
    factor = float(words.removesuffix(" times the speed").rpartition(", ")[2])
    assert math.isclose(factor, 1.0 / ratio, rel_tol=0.01)


@pytest.mark.parametrize(
    ("name", "ratio", "words"),
    [
        ("latency_p50", 0.42, "58 % faster, 2.38 times the speed"),
        ("load_time", 0.985, "1.5 % faster, 1.015 times the speed"),
        ("latency_p50", 1.2, "20 % slower"),
        ("steady_memory", 0.42, "58 % less"),
        ("psnr", -0.05, "0.050 dB lower"),
    ],
)
def test_only_what_takes_less_time_has_a_speed(name: str, ratio: float, words: str) -> None:
    assert effect_in_words(QUANTITIES[name], ratio) == words
