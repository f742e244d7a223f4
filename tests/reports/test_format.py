import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.documents.comparison import Effect, Interval
from harness.quantity import QUANTITIES, Available, Unavailable
from reports import format as fmt

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [
        ("latency_p50", 41.234e6, f"41.23{NBSP}ms"),
        ("latency_p50", 812.0, f"0.000812{NBSP}ms"),
        ("latency_p50", 51_234.0, f"0.0512{NBSP}ms"),
        ("model_size", 9_437_184.0, f"9.44{NBSP}MB"),
        ("model_size", 412_000.0, f"0.412{NBSP}MB"),
        ("model_size", 41_234.0, f"0.0412{NBSP}MB"),
        ("model_size", 4_096.0, f"4.10{NBSP}kB"),
        ("model_size", 812.0, f"812{NBSP}bytes"),
        ("model_size", 1.0, f"1{NBSP}byte"),
        ("steady_memory", 0.0, f"0.00{NBSP}MB"),
        ("energy_per_inference", 12.5, f"12.50{NBSP}mJ"),
        ("psnr", 30.3912, f"30.39{NBSP}dB"),
        ("psnr", -3.0, f"−3.00{NBSP}dB"),
        ("psnr", -0.0, f"0.00{NBSP}dB"),
        ("psnr", math.inf, "identical"),
        ("ssim", 0.868249, "0.8682"),
        ("lpips_alex", 0.00003, "0.000030"),
        ("lpips_alex", 0.0, "0.0000"),
    ],
)
def test_a_value_is_shown_in_the_quantity_s_display_unit(quantity: str, value: float, text: str) -> None:
    shown = fmt.measured(Available(value=value, unit=QUANTITIES[quantity].unit, source="s"), quantity)
    assert (shown.text, shown.unavailable_because) == (text, None)


def test_an_unavailable_value_is_the_word_and_the_reason() -> None:
    shown = fmt.measured(Unavailable(reason="no battery"), "energy_per_inference")
    assert (shown.text, shown.unavailable_because) == ("unavailable", "no battery")


def test_a_value_that_is_not_a_number_is_unavailable() -> None:
    shown = fmt.measured(Available(value=math.nan, unit="dB", source="scores.py"), "psnr")
    assert shown == fmt.Shown("unavailable", "not a number (from scores.py)")


def test_infinity_is_identical_only_for_decibels() -> None:
    shown = fmt.measured(Available(value=math.inf, unit="ns", source="s"), "latency_p50")
    assert shown.text == "unavailable"


def test_a_value_in_a_foreign_unit_keeps_its_own_unit() -> None:
    assert fmt.measured(Available(value=3.5, unit="furlong", source="s"), "latency_p50").text == f"3.5{NBSP}furlong"


def test_a_value_without_a_quantity_keeps_its_unit_and_known_ones_are_made_readable() -> None:
    assert fmt.measured(Available(value=1_803_000, unit="kHz", source="s")).text == f"1803.00{NBSP}MHz"
    assert fmt.measured(Available(value=41.5, unit="°C", source="s")).text == f"41.5{NBSP}°C"
    assert fmt.measured(Available(value=0, unit="", source="s")).text == "0"


def _effect(scale: str, estimate: float, low: float, high: float) -> Effect:
    return Effect.model_validate(
        {
            "scale": scale,
            "estimate": estimate,
            "interval": Interval(low=low, high=high, level=0.95, method="m"),
            "p_value": None,
            "p_method": None,
            "n": 30,
            "replicate": "pair of blocks",
            "sd": None,
            "minimum_detectable": 0.0063,
            "pairs_needed": None,
        }
    )


def test_a_ratio_is_a_signed_percentage_and_its_interval_names_the_unit_once() -> None:
    effect = _effect("ratio", 0.688, 0.67, 0.709)
    assert effect.interval is not None
    assert fmt.estimate(effect, "latency_p50") == f"−31.2{NBSP}%"
    assert fmt.interval(effect.interval, "ratio", "latency_p50") == f"−33.0 to −29.1{NBSP}%"
    assert fmt.minimum_detectable(effect, "latency_p50") == f"0.6{NBSP}%"


def test_a_difference_is_signed_and_in_the_quantity_s_unit() -> None:
    effect = _effect("difference", 0.01, -0.002, 0.022)
    assert effect.interval is not None
    assert fmt.estimate(effect, "psnr_y") == f"+0.010{NBSP}dB"
    assert fmt.interval(effect.interval, "difference", "psnr_y") == f"−0.002 to +0.022{NBSP}dB"
    assert fmt.minimum_detectable(effect, "psnr_y") == f"0.0063{NBSP}dB"


def test_a_ratio_of_one_has_no_sign() -> None:
    assert fmt.change(1.0, "ratio", "latency_p50") == f"0.0{NBSP}%"


def test_an_open_end_is_named() -> None:
    assert fmt.change(math.inf, "ratio", "latency_p50") == "without bound"


def test_a_quantity_that_is_not_known_keeps_its_name_and_number() -> None:
    assert fmt.label("watts_of_the_future") == "watts_of_the_future"
    assert fmt.meaning("watts_of_the_future") == ""
    assert fmt.change(0.25, "difference", "watts_of_the_future") == "+0.25"


@given(value=st.floats(allow_nan=True, allow_infinity=True), quantity=st.sampled_from(sorted(QUANTITIES)))
def test_no_float_is_shown_as_nan_or_minus_zero_and_only_zero_is_shown_as_zero(value: float, quantity: str) -> None:
    text = fmt.measured(Available(value=value, unit=QUANTITIES[quantity].unit, source="s"), quantity).text
    assert "nan" not in text.lower()
    assert "inf" not in text.lower()
    if text not in {"unavailable", "identical"}:
        shown = float(text.split(NBSP)[0].replace("−", "-"))
        assert (shown == 0) <= (abs(value) < 1e-300)
        assert math.copysign(1, shown) == 1 or shown < 0


@given(value=st.floats(), scale=st.sampled_from(["ratio", "difference"]), quantity=st.sampled_from(sorted(QUANTITIES)))
def test_no_change_is_shown_as_nan_or_minus_zero(value: float, scale: str, quantity: str) -> None:
    text = fmt.change(value, scale, quantity)
    assert "nan" not in text.lower()
    number = text.split(NBSP)[0]
    assert not (number.startswith("−") and float(number[1:].replace("−", "-")) == 0)


def test_moments_are_read_in_utc_and_other_text_is_left_alone() -> None:
    assert fmt.moment("2025-11-23T07:31:52+01:00") == "2025‑11‑23 06:31 UTC".replace(" ", NBSP)
    assert fmt.moment("yesterday") == "yesterday"


def test_numbers_are_held_to_their_units_and_words_are_not() -> None:
    assert fmt.held_together("between 29 % and 33 ms, 5 seconds") == f"between 29{NBSP}% and 33{NBSP}ms, 5 seconds"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (1e-9, "under 0.0001"), (0.0312, "0.0312"), (0.5, "0.50"), (0.0, "under 0.0001")],
)
def test_a_p_value_is_never_zero(value: float | None, text: str) -> None:
    assert fmt.p_value(value) == text


def test_times_are_in_seconds_and_then_in_minutes() -> None:
    assert fmt.seconds(3.21) == f"3.2{NBSP}s"
    assert fmt.seconds(371.4) == f"6{NBSP}min 11{NBSP}s"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.9, 1.5, f"−10.0 to +50.0{NBSP}%"),
        (0.03, 103.0, f"−97.0{NBSP}% to ×103"),
        (4.2e-3, 7.5e6, f"÷238 to ×7.5{NBSP}million"),
        (2.41, 2.6, "×2.41 to ×2.60"),
        (1.2e6, 7.5e6, f"×1.2{NBSP}million to ×7.5{NBSP}million"),
        (1.9, 2.6, f"+90.0 to +160{NBSP}%"),
        (0.0, 2.0, f"nothing to +100{NBSP}%"),
    ],
)
def test_ratios_beyond_per_cent_are_factors(low: float, high: float, text: str) -> None:
    assert fmt.interval(Interval(low=low, high=high, level=0.95, method="t"), "ratio", "latency_p50") == text


def test_an_estimate_is_a_factor_where_all_of_its_interval_is_one() -> None:
    # As in the words beside it: "2.5 times as long (between 2.4 and 2.6)".
    assert fmt.change(2.5, "ratio", "latency_p50", beside=(2.4, 2.6)) == "×2.50"
    assert fmt.change(2.5, "ratio", "latency_p50", beside=(1.9, 2.6)) == f"+150{NBSP}%"
