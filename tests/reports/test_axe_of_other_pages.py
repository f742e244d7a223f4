"""axe-core finds nothing on the pages beside the report: soaks, nights, indexes, histories and journals. (The page of a
blind look is looked at in its own states, in test_vote_page_in_browser.py.)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from harness.analysis.soak.analyze import analyze_soak
from reports.history.html import render_history_html
from reports.nightly.registry import open_rendering
from reports.run_index import IndexedRun, render_run_index
from reports.soak_html import render_soak_html
from tests.reports import sample_comparison as sample
from tests.reports.chromium import opened
from tests.reports.history.test_history_pages import PAGES, series, shown
from tests.reports.nightly import sample_night
from tests.reports.test_axe import axe, violations
from tests.rig.simulated import Truth
from tests.rig.soaked import simulated_records, soaked_folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["axe"]


def soak(folder: Path) -> str:
    records = simulated_records(Truth(leak_bytes_per_inference=2.0), hours=3.0, battery=True)
    return render_soak_html(analyze_soak(soaked_folder(folder / "soak", records, hours=3.0)))


def night(_: Path) -> str:
    return open_rendering("html").render(sample_night.night()).decode()


def index(folder: Path) -> str:
    comparison = sample.comparison(folder, images=0)
    runs = [
        IndexedRun(PurePosixPath("one"), comparison, has_page=True),
        IndexedRun(PurePosixPath("two"), comparison, has_page=False),
        IndexedRun(PurePosixPath("three"), comparison, has_page=True, told_place="[address]"),
        IndexedRun(PurePosixPath("four"), None, has_page=False, fault="comparison.json is cut short"),
    ]
    return render_run_index(runs, "runs")


MAKERS: dict[str, Callable[[Path], str]] = {
    "soak": soak,
    "night": night,
    "empty night": lambda _: open_rendering("html").render(sample_night.empty_night()).decode(),
    "index": index,
    "history": lambda _: render_history_html(shown(series(5, name="one"), series(9, name="another"))),
    "journal": lambda _: PAGES["journal"](),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_nothing_is_found_with_all_of_it_open(
    chromium: Browser, tmp_path: Path, axe: str, name: str, width: int, scheme: str
) -> None:
    page = tmp_path / "page.html"
    page.write_text(MAKERS[name](tmp_path), encoding="utf-8")
    with opened(chromium, page, width, color_scheme=scheme) as opened_page:
        opened_page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert violations(opened_page, axe) == []


@pytest.mark.parametrize("name", MAKERS)
def test_without_javascript_all_of_it_reads(chromium: Browser, tmp_path: Path, name: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(MAKERS[name](tmp_path), encoding="utf-8")
    read = []
    for on in (True, False):
        with opened(chromium, page, java_script_enabled=on) as opened_page:
            read.append(opened_page.locator("main").inner_text())
    with_script, without = (set(text.split()) for text in read)
    assert with_script - without <= {"Search", "4", "runs"}
