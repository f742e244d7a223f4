"""The night's page in a real Chromium: on a telephone, in the dark, on paper, and silent."""

from __future__ import annotations

import re

import numpy as np
import pytest

from reports.nightly.registry import open_rendering
from tests.reports.nightly import sample_night as sample
from tests.reports.test_html_in_browser import CHROMIUM, DARK, LIGHT, PALETTE, Browser

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine; install the package `chromium` to run these tests"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    return Browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("night") / "index.html"
    path.write_bytes(open_rendering("html").render(sample.night()))
    return path


@pytest.mark.parametrize(("scheme", "paper", "width"), [(LIGHT, PALETTE[0], 1280), (DARK, PALETTE[1], 400)])
def test_it_follows_the_colour_scheme(browser, page, scheme, paper, width):
    shot = browser.screenshot(page, width, 900, scheme)
    assert bytes(shot[-1, 2]).hex() == paper
    assert np.std(shot) > 10, "the page is blank"


@pytest.mark.parametrize("which", ["night", "hostile_night"])
def test_nothing_sticks_out_to_the_side_of_a_telephone(browser, tmp_path, which):
    path = tmp_path / "index.html"
    path.write_bytes(open_rendering("html").render(getattr(sample, which)()))
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.measure(path, 400, script) == "0"


def test_it_prints_on_the_printer_s_own_paper(browser, page):
    """Headless Chromium's own is Letter."""
    target = browser.folder / "night.pdf"
    browser.run(page, f"--print-to-pdf={target}", "--no-pdf-header-footer")
    boxes = re.findall(rb"/MediaBox \[([^\]]+)\]", target.read_bytes())
    assert {tuple(round(float(n)) for n in box.split()) for box in boxes} == {(0, 0, 612, 792)}
