"""The page of a soak and its words on a terminal: whole, honest where nothing is known, and safe from hostile names."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.analysis.soak.analyze import analyze_soak
from harness.documents.soak_result import SoakResult
from reports.soak_html import render_soak_html
from reports.soak_page import soak_section
from reports.soak_terminal import render_soak_terminal
from tests.reports.chromium import opened
from tests.reports.parsed_page import parse
from tests.rig.simulated import Noise, Thermal, Truth
from tests.rig.soaked import simulated_records, soaked_folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e[bold]"


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> SoakResult:
    truth = Truth(
        leak_bytes_per_inference=2.0,
        noise=Noise(drift_per_hour=0.03),
        thermal=Thermal(throttles_at_celsius=40.0, capacity_j_per_k=400.0),
    )
    records = simulated_records(truth, hours=12.0, battery=True)
    return analyze_soak(soaked_folder(tmp_path_factory.mktemp("soak"), records, hours=12.0))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> SoakResult:
    records = simulated_records(Truth(), hours=1.0)
    return analyze_soak(
        soaked_folder(tmp_path_factory.mktemp("soak"), records, name=HOSTILE, arm=HOSTILE, device=HOSTILE)
    )


def on_a_terminal(result: SoakResult, width: int = 80) -> str:
    output = io.StringIO()
    render_soak_terminal(result, Console(file=output, width=width, color_system=None), Path("soak/report.html"))
    return output.getvalue()


def test_the_page_says_what_was_found(leaking: SoakResult) -> None:
    html = render_soak_html(leaking)
    parse(html)
    text = " ".join(re.sub(r"<[^>]+>", " ", html).split()).replace("\N{NO-BREAK SPACE}", " ")
    assert "Memory: leak; latency: slower; slowest of 100: slower; throttling: throttled" in text
    assert "+2.00 kB (between " in text
    assert "12.0 hours of 12.0 hours (100 %)" in text
    assert html.count('<svg class="chart"') == 5
    assert "<script" not in html
    assert render_soak_html(leaking) == html


def test_a_terminal_of_80_columns_says_the_same(leaking: SoakResult) -> None:
    said = on_a_terminal(leaking)
    assert max(map(len, said.splitlines())) <= 80
    assert "Memory: leak; latency: slower" in " ".join(said.split()).replace("\N{NO-BREAK SPACE}", " ")
    assert "soak/report.html" in said


def test_hostile_names_do_nothing(hostile: SoakResult) -> None:
    html = render_soak_html(hostile)
    parse(html)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    said = on_a_terminal(hostile)
    for text in (html, said):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "[bold]" in said


def test_a_soak_without_a_window_has_a_page(tmp_path: Path) -> None:
    result = analyze_soak(soaked_folder(tmp_path, simulated_records(Truth(), hours=1.0)[:2]))
    html = render_soak_html(result)
    parse(html)
    assert "Nothing was measured yet" in html
    assert '<svg class="chart"' not in html
    assert "Nothing was measured yet" in on_a_terminal(result)


@pytest.mark.parametrize("throttled", ["slowed by others", "not yet known"])
def test_where_heat_is_not_settled_the_headline_is_not_good(tmp_path: Path, throttled: str) -> None:
    records = simulated_records(Truth(), hours=140.0, window_s=600.0)
    soak = analyze_soak(soaked_folder(tmp_path, records, hours=140.0))
    (device,) = soak.devices
    assert soak_section(soak, device).headline_kind == "good"
    unsettled = device.model_copy(update={"throttling": device.throttling.model_copy(update={"throttled": throttled})})
    section = soak_section(soak, unsettled)
    assert section.headline_kind == "open"
    assert ("throttling" if throttled == "not yet known" else throttled) in section.headline.lower()


def test_what_was_asked_is_not_broken_within_a_word(chromium: Browser, leaking: SoakResult, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render_soak_html(leaking), encoding="utf-8")
    lines = """[...document.querySelectorAll('.rules tbody th')].filter(one => !one.textContent.includes(' '))
        .map(one => { const range = document.createRange(); range.selectNodeContents(one);
            return range.getClientRects().length; })"""
    with opened(chromium, page) as shown:
        assert shown.evaluate(lines) == [1, 1, 1, 1, 1]
