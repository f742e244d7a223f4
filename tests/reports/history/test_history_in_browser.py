"""Pages of the history in a real Chromium: nothing sticks out, and each follows the colour scheme."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.reports.history.test_history_pages import PAGES
from tests.reports.test_html_in_browser import CHROMIUM, DARK, PALETTE, Browser

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine; install the package `chromium` to run these tests"
)


@pytest.mark.parametrize("name", ["history", "journal"])
def test_a_page_fits_a_telephone_in_the_dark(tmp_path: Path, name: str) -> None:
    browser = Browser(tmp_path)
    page = tmp_path / "page.html"
    page.write_text(PAGES[name](), encoding="utf-8")
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.measure(page, 400, script) == "0"
    shot = browser.screenshot(page, 400, 900, DARK)
    assert bytes(shot[-1, 2]).hex() == PALETTE[1]
    assert np.std(shot) > 10
