"""A rule on a build's own value is drawn in its unit: value, interval, limit and the baseline on one scale."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.documents.comparison import Comparison, OwnValue, RuleResult
from reports.charts.value_bar import ValueScale, value_axis, value_bar, value_scale
from reports.html import render_html
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import by_class, by_id, elements, parse, seen_text

OWN = OwnValue(value=28.4e6, low=28.0e6, high=28.9e6, limit=33.0e6)


def at(svg: str, name: str, attribute: str) -> float:
    return next(float(part.attrib[attribute]) for part in ET.fromstring(svg) if part.get("class") == name)


def test_better_than_the_limit_lies_to_its_right_whichever_way_the_quantity_goes() -> None:
    scale = value_scale("latency_p50", [OWN], [41.2e6])
    bar = value_bar(OWN, "latency_p50", "better", scale, 41.2e6)
    assert at(bar, "bar-zero", "x1") < at(bar, "bar-bound", "x1") < at(bar, "bar-estimate", "cx")
    own = OwnValue(value=31.0, low=30.8, high=31.2, limit=30.0)
    bar = value_bar(own, "psnr_y", "better", value_scale("psnr_y", [own], []))
    assert at(bar, "bar-bound", "x1") < at(bar, "bar-estimate", "cx")


def test_places_are_to_scale() -> None:
    scale = ValueScale(40.0, 20.0)
    assert scale.place(30.0) == pytest.approx((scale.place(40.0) + scale.place(20.0)) / 2)
    bar = value_bar(OwnValue(value=30, low=28, high=32, limit=25), "latency_p50", "worse", scale)
    assert at(bar, "bar-interval", "width") == pytest.approx(4 / 20 * (scale.place(20.0) - scale.place(40.0)), abs=0.1)


def test_the_bar_says_in_words_what_it_shows() -> None:
    bar = value_bar(OWN, "latency_p50", "better", value_scale("latency_p50", [OWN], [41.2e6]), 41.2e6)
    told = ET.fromstring(bar).attrib["aria-label"].replace("\u00a0", " ")
    assert told == "Own value 28.40 ms, interval 28.00 ms to 28.90 ms, limit 33.00 ms, baseline 41.20 ms"


def test_an_interval_far_beyond_all_else_is_cut_and_says_so_with_an_arrow() -> None:
    wide = OwnValue(value=10.0, low=-500.0, high=500.0, limit=12.0)
    bar = ET.fromstring(value_bar(wide, "psnr", "inconclusive", value_scale("psnr", [wide], [])))
    assert len([part for part in bar if part.get("class") == "bar-beyond"]) == 2


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 1e-30])
def test_a_value_at_its_limit_has_a_place_and_an_axis(value: float) -> None:
    own = OwnValue(value=value, low=None, high=None, limit=value)
    scale = value_scale("psnr", [own], [])
    assert "nan" not in value_bar(own, "psnr", "better", scale)
    assert "<text" in value_axis("psnr", scale, [value])


def ruled(folder: Path, own: OwnValue | None) -> Comparison:
    comparison = sample.comparison(folder, images=0)
    rule = RuleResult(
        candidate=sample.INT8,
        quantity="latency_p50",
        rule="at most 33 ms",
        outcome="met",
        reason="28.4 ms; at most 33 ms was asked.",
        own_value=own,
    )
    devices = [device.model_copy(update={"rules": [rule]}) for device in comparison.devices]
    return comparison.model_copy(update={"devices": devices})


def test_the_page_draws_the_limit_of_every_device_at_one_place(tmp_path: Path) -> None:
    forest = by_class(by_id(parse(render_html(ruled(tmp_path, OWN), tmp_path)), "rules"), "forest")[0]
    bounds = by_class(forest, "bar-bound")
    assert len(bounds) == 2
    assert len({line.attrib["x1"] for line in bounds}) == 1
    assert "the dashed line is the limit" in seen_text(elements(forest, "caption")[0])
    assert next(seen_text(text) for text in elements(elements(forest, "tfoot")[0], "text")) == "33.00 ms"


@pytest.mark.parametrize("own", [None, OwnValue(value=math.inf, low=None, high=None, limit=1e300)])
def test_what_has_no_place_is_drawn_as_a_change(tmp_path: Path, own: OwnValue | None) -> None:
    forest = by_class(by_id(parse(render_html(ruled(tmp_path, own), tmp_path)), "rules"), "forest")[0]
    assert by_class(forest, "bar-bound") == []
    assert len(by_class(forest, "bar-estimate")) == 2
