"""What people read: right signs, right rounding, no false precision."""

from __future__ import annotations

import math

import pytest

from harness.experiment.declaration import Rule
from harness.quantity import QUANTITIES
from harness.words.changes import (
    at_least_in_words,
    change_in_words,
    limit_in_words,
    more_needed,
    outcome_in_words,
    percent_in_words,
    stated,
    value_in_words,
)
from harness.words.rules import rule_in_words
from harness.words.sentences import clause, counted, listed, sentence


@pytest.mark.parametrize(
    ("quantity", "estimate", "low", "high", "words"),
    [
        ("latency_p50", 0.69, 0.67, 0.71, "31 % faster (between 29 % and 33 %)"),
        ("latency_p50", 0.6912, 0.6871, 0.6954, "30.9 % faster (between 30.5 % and 31.3 %)"),
        ("latency_p50", 1.12, 1.10, 1.14, "12 % slower (between 10 % and 14 %)"),
        ("latency_p50", 1.01, 0.98, 1.04, "no clear difference (between 2 % faster and 4 % slower)"),
        ("latency_p50", 0.999, 0.98, 1.02, "no clear difference (between 2 % faster and 2 % slower)"),
        ("latency_p50", 0.99996, 0.9997, 1.0002, "no clear difference (between 0.03 % faster and 0.02 % slower)"),
        ("latency_p50", 0.985, 0.9707, 0.9995, "1.50 % faster (between 0.05 % and 2.93 %)"),
        ("latency_p50", 2.5, 2.4, 2.6, "2.5 times as long (between 2.4 and 2.6)"),
        ("latency_p50", 12.4, 11.1, 13.8, "12 times as long (between 11 and 14)"),
        ("latency_p50", 6.4e6, 1.2e3, 3.3e10, "6.4 million times as long (between 1.2 thousand and 33 billion)"),
        ("load_time", 1.42, 4.2e-3, 7.5e6, "no clear difference (between 1/240 as long and 7.5 million times as long)"),
        (
            "load_time",
            0.6,
            1e-9,
            90.0,
            "no clear difference (between less than a millionth as long and 90 times as long)",
        ),
        ("load_time", 12.0, 1.0, 150.0, "12 times as long (between no difference and 150 times as long)"),
        ("load_time", 1.001, 4.2e-3, 60.0, "no clear difference (between 1/240 as long and 60 times as long)"),
        ("load_time", 0.002, 0.0002, 0.02, "1/500 as long (between 1/5,000 as long and 98 % faster)"),
        ("run_peak_memory", 0.99, 0.97, 1.002, "no clear difference (between 3.0 % less and 0.2 % more)"),
        ("run_peak_memory", 0.99, 0.97, 1.0004, "no clear difference (between 3 % less and 0 % more)"),
        ("latency_p90", 0.5, 0.5, 0.5, "50 % faster"),
        ("run_peak_memory", 0.7, 0.69, 0.71, "30 % less (between 29 % and 31 %)"),
        ("run_peak_memory", 1.3, 1.29, 1.31, "30 % more (between 29 % and 31 %)"),
        ("run_peak_memory", 3.0, 2.9, 3.1, "3.0 times as much (between 2.9 and 3.1)"),
        ("model_size", 0.2587, None, None, "74 % smaller"),
        ("model_size", 1.002, None, None, "0.20 % larger"),
        ("model_size", 4.0, None, None, "4.0 times as large"),
        ("model_size", 1.0, None, None, "no difference"),
        ("psnr_y", -0.04, -0.06, -0.02, "0.04 dB lower (between 0.02 and 0.06)"),
        ("psnr_y", 0.31, 0.12, 0.5, "0.3 dB higher (between 0.1 and 0.5)"),
        ("psnr_y", 0.010, 0.002, 0.017, "0.010 dB higher (between 0.002 and 0.017)"),
        ("psnr", -0.001, -0.01, 0.008, "no clear difference (between 0.010 dB lower and 0.008 dB higher)"),
        ("psnr", 0.0, 0.0, 0.0, "no difference"),
        ("close_pixels", -0.4, -0.6, -0.2, "0.4 points lower (between 0.2 and 0.6)"),
        ("close_pixels", 1.0, 1.0, 1.0, "1.0 point higher"),
        ("close_pixels", 0.1, -0.2, 0.4, "no clear difference (between 0.2 points lower and 0.4 points higher)"),
        ("ssim", -0.0021, -0.0024, -0.0018, "0.0021 lower (between 0.0018 and 0.0024)"),
        ("lpips_alex", 0.0021, 0.0018, 0.0024, "0.0021 higher, which is worse (between 0.0018 and 0.0024)"),
        ("lpips_alex", -0.0021, -0.0024, -0.0018, "0.0021 lower, which is better (between 0.0018 and 0.0024)"),
        ("psnr", math.nan, 0.0, 1.0, "unknown"),
    ],
)
def test_a_change(quantity: str, estimate: float, low: float | None, high: float | None, words: str) -> None:
    assert change_in_words(QUANTITIES[quantity], estimate, low, high) == words


def test_no_difference_is_shown_and_a_difference_is() -> None:
    psnr = QUANTITIES["psnr_y"]
    assert stated(psnr, change_in_words(psnr, 0.0)) == "PSNR (Y) shows no difference"
    assert stated(psnr, change_in_words(psnr, -0.1, -0.2, -0.05)) == "PSNR (Y) is 0.10 dB lower (between 0.05 and 0.20)"
    latency = QUANTITIES["latency_p50"]
    assert stated(latency, change_in_words(latency, 0.999, 0.66, 1.51)).startswith("latency shows no clear difference")


@pytest.mark.parametrize("quantity", [name for name, one in QUANTITIES.items() if one.scale == "ratio"])
@pytest.mark.parametrize("ratio", [1e-6, 0.3, 0.999999, 1.0, 1.0000001, 1.7, 2.0, 500.0])
@pytest.mark.parametrize("width", [0.0, 1e-9, 0.001, 0.2])
def test_no_change_is_ever_shown_as_nan_or_minus_nought(quantity: str, ratio: float, width: float) -> None:
    words = change_in_words(QUANTITIES[quantity], ratio, ratio * (1 - width), ratio * (1 + width))
    assert "nan" not in words
    assert "-" not in words
    assert "inf" not in words


@pytest.mark.parametrize(
    ("quantity", "stored", "words"),
    [
        ("latency_p50", 12_345_678.0, "12.35 ms"),
        ("latency_p50", 412_345.0, "0.412 ms"),
        ("latency_p50", 4_123.0, "0.00412 ms"),
        ("run_peak_memory", 41_200_000.0, "41.20 MB"),
        ("model_size", 16_000.0, "0.0160 MB"),
        ("model_size", 900.0, "900 bytes"),
        ("psnr_y", 30.123, "30.12 dB"),
        ("ssim", 0.93121, "0.9312"),
        ("lpips_alex", 0.0, "0.0000"),
        ("psnr", math.inf, "infinite"),
        ("close_pixels", 92.314, "92.31 %"),
        ("psnr", math.nan, "unknown"),
    ],
)
def test_a_value(quantity: str, stored: float, words: str) -> None:
    assert value_in_words(QUANTITIES[quantity], stored) == words


@pytest.mark.parametrize(
    ("quantity", "limit", "words"),
    [
        ("latency_p50", 0.0118, "1.2 %"),
        ("latency_p50", 0.0121, "1.3 %"),
        ("latency_p50", 0.13, "13 %"),
        ("latency_p50", 0.0, "0 %"),
        ("latency_p50", 0.00001, "0.01 %"),
        ("psnr_y", -0.0312, "0.032 dB"),
        ("ssim", 0.00041, "0.00041"),
    ],
)
def test_a_limit_is_rounded_up(quantity: str, limit: float, words: str) -> None:
    assert limit_in_words(QUANTITIES[quantity], limit) == words


def test_a_share_is_rounded_up() -> None:
    assert percent_in_words(0.0249) == "2.5 %"
    assert percent_in_words(1.0) == "100 %"


def test_outcomes() -> None:
    latency, psnr = QUANTITIES["latency_p50"], QUANTITIES["psnr"]
    assert (
        outcome_in_words(latency, "better", 0.69, (0.67, 0.71))
        == "31 % faster (between 29 % and 33 %), 1.45 times the speed"
    )
    assert (
        outcome_in_words(latency, "equivalent", 1.002, (0.993, 1.011), limit=0.0118)
        == "no difference larger than 1.2 %"
    )
    assert (
        outcome_in_words(psnr, "equivalent", -0.02, (-0.03, -0.01), limit=0.028)
        == "0.02 dB lower (between 0.01 and 0.03), too little to matter"
    )
    assert outcome_in_words(psnr, "equivalent", 0.0, (0.0, 0.0), limit=0.0) == "exactly the same"
    assert outcome_in_words(QUANTITIES["model_size"], "equivalent", 1.0, (1.0, 1.0)) == "exactly the same"
    assert (
        outcome_in_words(latency, "not worse", 0.98, (0.95, 1.012), limit=0.0101)
        == "not worse by more than 1.1 %: no clear difference (between 5 % faster and 1 % slower)"
    )
    assert (
        outcome_in_words(latency, "not worse", 0.73, (0.51, 1.05), limit=0.0)
        == "very likely not worse: no clear difference (between 49 % faster and 5 % slower)"
    )
    assert (
        outcome_in_words(latency, "inconclusive", 1.01, (0.96, 1.06), needed="about 40 more pairs")
        == "cannot tell yet: no clear difference (between 4 % faster and 6 % slower); needs about 40 more pairs"
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"quantity": "latency_p50", "improve_by_at_least": "20 %"}, "at least 20 % faster"),
        ({"quantity": "latency_p50", "no_worse_than": "2%"}, "at most 2 % slower"),
        ({"quantity": "run_peak_memory", "no_worse_than": "2 %"}, "at most 2 % more"),
        ({"quantity": "model_size", "improve_by_at_least": "50 %"}, "at least 50 % smaller"),
        ({"quantity": "latency_p50", "at_most": "40ms"}, "at most 40 ms"),
        ({"quantity": "psnr", "at_least": 30}, "at least 30"),
        ({"quantity": "psnr_y", "no_worse_than": "0.1 dB"}, "at most 0.1 dB lower"),
        ({"quantity": "lpips_alex", "no_worse_than": "0.002"}, "at most 0.002 higher"),
        (
            {"quantity": "psnr_y", "no_worse_than": "0.1 dB", "item_margin": "0.5 dB", "worst_share": "2 %"},
            "at most 0.1 dB lower, and at most 2 % of the images lower by more than 0.5 dB",
        ),
    ],
)
def test_a_rule(rule: dict[str, str], words: str) -> None:
    assert rule_in_words(Rule(**rule), QUANTITIES[rule["quantity"]]) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("n", "needed", "replicate", "words"),
    [
        (30, 31, "pair of blocks", "about 1 more pair"),
        (30, 49, "pair of blocks", "about 19 more pairs"),
        (30, 68, "pair of blocks", "about 40 more pairs"),
        (24, 1324, "image", "about 1,300 more images"),
        (5, 5, "process", "about 1 more repeat"),
        (1, None, "pair of blocks", "more pairs"),  # the spread is not known
        (30, None, "pair of blocks", "far more pairs than is sensible"),
    ],
)
def test_what_is_needed(n: int, needed: int | None, replicate: str, words: str) -> None:
    assert more_needed(n, needed, replicate) == words


def test_small_words() -> None:
    assert [counted(1, "image"), counted(2, "image"), counted(5, "fresh process")] == [
        "1 image",
        "2 images",
        "5 fresh processes",
    ]
    assert counted(1200, "pair of blocks") == "1,200 pairs of blocks"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert sentence("latency is fine") == "Latency is fine."
    assert [clause("Latency is fine."), clause("PSNR fell."), clause("")] == ["latency is fine.", "PSNR fell.", ""]


@pytest.mark.parametrize(
    ("quantity", "least", "words"),
    [
        ("latency_p50", 0.021, "at least 2.1 % slower"),
        ("latency_p50", 1.47, "at least 2.4 times as long"),
        ("run_peak_memory", 6.49e6, "at least 6.4 million times as much"),
        ("psnr_y", 2.0, "at least 2.0 dB lower"),
    ],
)
def test_what_a_loss_is_at_least_is_rounded_down(quantity: str, least: float, words: str) -> None:
    assert at_least_in_words(QUANTITIES[quantity], least, beyond=0.01) == words


def test_what_a_loss_is_at_least_is_said_beyond_what_was_agreed() -> None:
    assert at_least_in_words(QUANTITIES["latency_p50"], 1.04, beyond=1.0) == "at least 104 % slower"
