"""Runs as they go wrong or grow large: each is still a page that reads, on a telephone and on paper too."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.documents.comparison import Comparison, DeviceResult, NoEffect
from harness.quantity import QUANTITIES, Unavailable
from reports.html import render_html
from tests.reports import sample_comparison as sample
from tests.reports.chromium import opened
from tests.reports.parsed_page import by_class, elements, parse, seen_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser


A4_PX, LETTER_PX = 673, 695
"""Width of a page less its margins of 16 mm, at 96 pixels an inch."""

States = dict[str, Comparison]


def each_device(comparison: Comparison, change: Callable[[DeviceResult], dict[str, Any]]) -> Comparison:
    devices = [device.model_copy(update=change(device)) for device in comparison.devices]
    return comparison.model_copy(update={"devices": devices})


def failed_arm(device: DeviceResult) -> dict[str, Any]:
    baseline, candidate = device.arms
    gone = candidate.model_copy(update={"status": "failed", "failures": ["signal 11 (SIGSEGV) while loading"]})
    reason = "int8 failed: signal 11"
    contrasts = [
        one.model_copy(
            update={
                "candidate_value": Unavailable(reason=reason),
                "effect": NoEffect(reason=reason),
                "outcome": "unavailable",
                "words": f"not known: {reason}",
                "plainly": None,
            }
        )
        for one in device.contrasts
    ]
    rules = [one.model_copy(update={"outcome": "unavailable", "more": None}) for one in device.rules]
    return {"arms": [baseline, gone], "contrasts": contrasts, "rules": rules, "scores": [], "gallery": []}


def no_quality(device: DeviceResult) -> dict[str, Any]:
    return {
        "contrasts": [one for one in device.contrasts if QUANTITIES[one.quantity].measured_in != "quality"],
        "rules": device.rules[:1],
        "scores": [],
        "gallery": [],
    }


def infinite_psnr(device: DeviceResult) -> dict[str, Any]:
    endless = sample.available("psnr_y", math.inf)
    contrasts = [
        one.model_copy(update={"baseline_value": endless, "candidate_value": endless})
        if one.quantity == "psnr_y"
        else one
        for one in device.contrasts
    ]
    scores = [
        one.model_copy(update={"baseline": [math.inf] * 20, "candidate_values": [math.inf] * 20})
        for one in device.scores
    ]
    return {"contrasts": contrasts, "scores": scores}


def all_open(device: DeviceResult, doubted: str | None = None) -> dict[str, Any]:
    return {
        "contrasts": [one.model_copy(update={"outcome": "inconclusive"}) for one in device.contrasts],
        "rules": [one.model_copy(update={"outcome": "open", "doubted": doubted}) for one in device.rules],
    }


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> States:
    folder = tmp_path_factory.mktemp("run")
    whole = each_device(sample.comparison(folder, devices=["adb:1", "local"], images=1), lambda _: {"latency": []})
    many = sample.comparison(folder, devices=[f"adb:{place}" for place in range(12)], images=0)
    names = [f"candidate number {place}" for place in range(5)]
    return {
        "one arm failed": each_device(whole, failed_arm),
        "no quality data": each_device(whole, no_quality),
        "one device": whole.model_copy(update={"devices": whole.devices[:1]}),
        "twelve devices": each_device(many, lambda _: {"latency": []}),
        "five candidates": each_device(
            sample.comparison(folder, candidates=names, devices=["local"], images=0), lambda _: {"latency": []}
        ),
        "infinite PSNR": each_device(whole, infinite_psnr),
        "all inconclusive": each_device(whole, all_open),
        "everything doubted": each_device(whole, lambda device: all_open(device, "a clock of 10 ms is too coarse")),
        "zero images": each_device(whole, no_quality).model_copy(update={"items": 0}),
    }


def test_every_state_is_a_page_of_words(states: States, tmp_path: Path) -> None:
    for comparison in states.values():
        tree = parse(render_html(comparison, tmp_path))
        told = seen_text(tree)
        assert comparison.question in told
        assert not {"nan", "inf", "None"} & set(told.split())
        assert by_class(tree, "matrix")


def test_states_are_told_apart_on_the_first_screen(states: States, tmp_path: Path) -> None:
    def cells(name: str) -> set[str]:
        tree = parse(render_html(states[name], tmp_path))
        return {seen_text(cell) for cell in by_class(elements(tree, "header")[0], "state")}

    assert cells("one arm failed") == {"unavailable"}
    assert cells("all inconclusive") == {"not enough data"}
    assert cells("everything doubted") == {"doubted"}
    assert cells("no quality data") == {"met"}


def test_no_state_sticks_out_on_a_telephone_or_on_paper(chromium: Browser, states: States, tmp_path: Path) -> None:
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for place, (name, comparison) in enumerate(states.items()):
        page = tmp_path / f"{place}.html"
        page.write_text(render_html(comparison, tmp_path), encoding="utf-8")
        with opened(chromium, page, 360) as shown:
            assert shown.evaluate(script) == 0, name
            shown.emulate_media(media="print")
            for width in (A4_PX, LETTER_PX):
                shown.set_viewport_size({"width": width, "height": 900})
                assert shown.evaluate(script) == 0, name


def test_on_paper_what_is_folded_is_open_and_no_control_is_printed(
    chromium: Browser, states: States, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_text(render_html(states["one device"], tmp_path), encoding="utf-8")
    with opened(chromium, page, A4_PX) as shown:
        shown.emulate_media(media="print")
        assert shown.get_by_text("30 × pair of blocks").first.is_visible()
        for control in ("button", "select", "nav"):
            assert not any(one.is_visible() for one in shown.locator(control).all())
