"""axe-core, which knows WCAG 2.2 AA, finds nothing on the report in any of its states."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.documents.comparison import Comparison
from reports.html import render_html
from tests.reports import sample_comparison as sample
from tests.reports.chromium import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


VERSION = "4.14.1"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core; fetched once with npm and kept."""
    cache = Path(os.environ.get("BAKEOFF_TEST_CACHE", Path.home() / ".cache" / "bakeoff-tests"))
    kept = cache / f"axe-{VERSION}.js"
    if not kept.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("no npm on this machine to fetch axe-core; install the package `npm` to run these tests")
        folder = tmp_path_factory.mktemp("axe")
        argv = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), f"axe-core@{VERSION}"]
        got = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        if got.returncode != 0:
            pytest.skip(f"npm could not fetch axe-core {VERSION}; give it a way to its registry: {got.stderr[-200:]}")
        cache.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "node_modules" / "axe-core" / "axe.min.js", kept)
    return kept.read_text(encoding="utf-8")


def violations(page: Page, source: str) -> list[str]:
    page.evaluate(source)
    options = json.dumps({"runOnly": RULES, "resultTypes": ["violations"]})
    found = page.evaluate(f"axe.run(document, {options}).then(result => result.violations)")
    return [f"{one['id']}: {node['html'][:160]} {node['failureSummary']}" for one in found for node in one["nodes"]]


def written(comparison: Comparison, folder: Path) -> Path:
    page = folder / "report.html"
    page.write_text(render_html(comparison, folder), encoding="utf-8")
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_nothing_is_found_on_the_page_with_all_of_it_open(
    chromium: Browser, tmp_path: Path, axe: str, width: int, scheme: str
) -> None:
    page = written(sample.comparison(tmp_path, images=2), tmp_path)
    with opened(chromium, page, width, color_scheme=scheme) as shown:
        shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert violations(shown, axe) == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (360, "light")])
def test_nothing_is_found_with_all_items_their_tools_and_maps(
    chromium: Browser, tmp_path: Path, axe: str, width: int, scheme: str
) -> None:
    plain = sample.comparison(tmp_path, devices=["local"], images=2)
    page = written(sample.with_maps(sample.with_views(plain, tmp_path), tmp_path), tmp_path)
    with opened(chromium, page, width, color_scheme=scheme) as shown:
        shown.get_by_label("Group").select_option(label="night")
        assert violations(shown, axe) == []
        shown.locator(".items tr:not([hidden]) .compare").first.click()
        assert violations(shown, axe) == []
        shown.locator("[data-do=close]").click()
        shown.locator(".compare").first.click()
        shown.locator("[value=map-absolute_error]").check()
        assert violations(shown, axe) == []


def test_nothing_is_found_in_the_viewer(chromium: Browser, tmp_path: Path, axe: str) -> None:
    page = written(sample.comparison(tmp_path, devices=["local"], images=2), tmp_path)
    with opened(chromium, page) as shown:
        shown.locator(".compare").first.click()
        for mode in ("slider", "flicker", "side", "difference"):
            shown.locator(f"[value={mode}]").check()
            assert violations(shown, axe) == []


def test_nothing_is_found_with_many_devices_and_candidates_one_of_which_failed(
    chromium: Browser, tmp_path: Path, axe: str
) -> None:
    names = [sample.INT8, sample.FLOAT16]
    many = sample.comparison(tmp_path, candidates=names, devices=[f"adb:{place}" for place in range(6)], images=0)
    light = [device.model_copy(update={"latency": [], "scores": []}) for device in many.devices]
    gone = light[0].model_copy(
        update={"status": "failed", "problem": "It does not answer.", "rules": [], "contrasts": [], "arms": []}
    )
    page = written(many.model_copy(update={"devices": [gone, *light[1:]]}), tmp_path)
    with opened(chromium, page) as shown:
        assert violations(shown, axe) == []
