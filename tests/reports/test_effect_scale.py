"""One scale for what the eye compares: the same place is the same change, on every device."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.documents.comparison import Effect, Interval
from reports.charts.effect_scale import effect_scales, scale_over, tick_in_words
from reports.charts.interval_bar import WIDTH, bar_axis, interval_bar
from reports.html import render_html
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import by_class, by_id, elements, parse, seen_text


def effect(scale: str, estimate: float, low: float | None = None, high: float | None = None) -> Effect:
    interval = None if low is None or high is None else Interval(low=low, high=high, level=0.95, method="t")
    return Effect.model_validate(
        {
            "scale": scale,
            "estimate": estimate,
            "interval": interval,
            "p_value": None,
            "p_method": None,
            "n": 9,
            "replicate": "launch",
            "sd": None,
            "minimum_detectable": None,
            "pairs_needed": None,
        }
    )


def test_the_same_margin_lies_at_the_same_place_on_every_device(tmp_path: Path) -> None:
    comparison = sample.comparison(tmp_path, images=0)
    first, second = comparison.devices
    slower = first.contrasts[0].model_copy(update={"effect": effect("ratio", 0.95, 0.9, 1.0)})
    devices = [first, second.model_copy(update={"contrasts": [slower, *second.contrasts[1:]]})]
    tree = parse(render_html(comparison.model_copy(update={"devices": devices}), tmp_path))
    forest = by_class(by_id(tree, "rules"), "forest")[0]
    assert len({line.attrib["x1"] for line in by_class(forest, "bar-bound")}) == 1
    estimates = [float(dot.attrib["cx"]) for dot in by_class(forest, "bar-estimate")]
    assert (estimates[0] - WIDTH / 2) / (estimates[1] - WIDTH / 2) == pytest.approx(0.31 / 0.05, rel=0.03)


def test_quantities_of_one_pass_and_unit_share_a_scale_and_others_do_not(tmp_path: Path) -> None:
    scales = effect_scales(sample.comparison(tmp_path, images=0))
    assert scales["latency_p50"] is scales["latency_p90"]
    assert scales["latency_p50"] is not scales["load_time"]
    assert scales["ssim_y"] is not scales["lpips_alex"]
    assert scales["psnr_y"].reach == pytest.approx(0.1)


def test_an_interval_far_beyond_all_else_is_cut_and_says_so_with_an_arrow() -> None:
    wide = effect("difference", 0.1, -9.0, 9.0)
    scale = scale_over([(wide, [0.2])])
    assert scale.reach == pytest.approx(0.3)
    svg = ET.fromstring(interval_bar(wide, "psnr", "inconclusive", [0.2], scale))
    assert len([part for part in svg if part.get("class") == "bar-beyond"]) == 2


@pytest.mark.parametrize(
    ("drawn", "quantity", "words"),
    [
        (effect("ratio", 0.69, 0.67, 0.7), "latency_p50", ["−20 %", "+20 %"]),
        (effect("ratio", 0.4, 0.1, 9.0), "latency_p50", ["÷2", "×2"]),
        (effect("ratio", 30.0, 20.0, 40.0), "load_time", ["÷10", "×10"]),
        (effect("difference", -0.04, -0.06, -0.02), "psnr_y", ["−0.05 dB", "+0.05 dB"]),
        (effect("difference", 0.0064, 0.0043, 0.0085), "lpips_alex", ["−0.005", "+0.005"]),
    ],
)
def test_the_axis_has_round_numbers_on_both_sides_of_no_change(drawn: Effect, quantity: str, words: list[str]) -> None:
    scale = scale_over([(drawn, [])])
    told = [tick_in_words(tick, quantity, scale).replace("\u00a0", " ") for tick in scale.ticks()]
    assert sorted(told) == sorted(words)
    assert all(abs(scale.away(tick)) <= scale.reach for tick in scale.ticks())


def test_nothing_that_changed_has_an_axis_without_numbers() -> None:
    scale = scale_over([(effect("ratio", 1.0), [])])
    assert scale.ticks() == []
    assert "nan" not in bar_axis("model_size", scale)


@pytest.mark.parametrize("value", [math.inf, math.nan, 0.0])
def test_what_has_no_place_is_drawn_without_an_error(value: float) -> None:
    svg = interval_bar(effect("ratio", value, value, value), "latency_p50", "inconclusive", [0.9])
    assert "nan" not in svg


def test_each_rule_has_its_exact_numbers_one_click_deeper(tmp_path: Path) -> None:
    tree = parse(render_html(sample.comparison(tmp_path, images=0), tmp_path))
    details = elements(by_id(tree, "rules"), "details")
    assert len(details) == 3
    assert "−31.0 % −32.6 to −29.4 % −20.0 % 30 × pair of blocks, 95 % by t on paired block log-ratios" in seen_text(
        details[0]
    )


def test_the_run_is_drawn_over_time_with_heat_and_clocks(tmp_path: Path) -> None:
    tree = parse(render_html(sample.comparison(tmp_path, images=0), tmp_path))
    text = seen_text(by_id(tree, "device-0"))
    assert "Temperature: from 38.2 °C to 44.3 °C, at the end 44.3 °C." in text
    assert "Clock: from 1600.00 MHz to 1800.00 MHz, at the end 1600.00 MHz." in text


def test_every_quantity_is_in_the_glossary(tmp_path: Path) -> None:
    comparison = sample.comparison(tmp_path, images=0)
    terms = [
        seen_text(term) for term in elements(by_class(parse(render_html(comparison, tmp_path)), "glossary")[0], "dt")
    ]
    assert terms[:2] == ["Latency, median", "Latency, 90th percentile"]
    assert len(terms) == len({one.quantity for one in comparison.devices[0].contrasts})
