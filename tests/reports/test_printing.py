"""On A4 and on Letter nothing is cut off: every word of the page is on paper, and none beyond the margins."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.documents.comparison import Comparison
from harness.errors import UserError
from reports.exports import pdf
from reports.html import render_html
from reports.nightly.registry import open_rendering
from tests.reports import sample_comparison as sample
from tests.reports.chromium import opened
from tests.reports.nightly import sample_night
from tests.reports.test_html import everywhere

if TYPE_CHECKING:
    from playwright.sync_api import Browser

needs_pdftotext = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="no pdftotext on this machine; run scripts/install_test_packages.sh"
)
MARGIN_PT = 16 / 25.4 * 72
WIDTHS_PT = {"A4": 595, "Letter": 612}
_LONGEST_WORD = 24
"""A longer one may be broken at the end of a line."""


def words_on_paper(file: Path) -> list[tuple[float, float, float, float, str]]:
    """(page's width, left, right, bottom below the page's lower edge, word) of every word."""
    told = subprocess.run(["pdftotext", "-bbox", file, "-"], capture_output=True, text=True, check=True).stdout
    told = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "", told)
    found = []
    for page in ET.fromstring(told).iter("{http://www.w3.org/1999/xhtml}page"):
        width, height = float(page.attrib["width"]), float(page.attrib["height"])
        for word in page.iter("{http://www.w3.org/1999/xhtml}word"):
            left, right, bottom = (float(word.attrib[name]) for name in ("xMin", "xMax", "yMax"))
            found.append((width, left, right, bottom - height, word.text or ""))
    return found


def words_of(text: str) -> Counter[str]:
    """Short words of letters and digits alone: what a hyphen or a bracket is drawn as is the font's business."""
    return Counter(word for word in re.findall(r"[A-Za-z0-9]+", text) if len(word) < _LONGEST_WORD)


def beyond_the_margins(words: list[tuple[float, float, float, float, str]]) -> list[str]:
    return [
        word
        for width, left, right, below, word in words
        if left < MARGIN_PT - 1 or right > width - MARGIN_PT + 1 or below > 1 - MARGIN_PT
    ]


def light(folder: Path) -> Comparison:
    comparison = sample.comparison(folder, images=1)
    return comparison.model_copy(update={"devices": comparison.devices[:1]})


@needs_pdftotext
@pytest.mark.parametrize("paper", WIDTHS_PT)
@pytest.mark.parametrize("which", ["run", "hostile run", "night"])
def test_nothing_is_cut_off(chromium: Browser, tmp_path: Path, paper: str, which: str) -> None:
    page = tmp_path / "page.html"
    if which == "night":
        page.write_bytes(open_rendering("html").render(sample_night.night()))
    else:
        names = f"{'x' * 300} {sample.HOSTILE_NAMES[0]}"
        comparison = light(tmp_path) if which == "run" else everywhere(light(tmp_path), names)
        page.write_text(render_html(comparison, tmp_path), encoding="utf-8")
    with opened(chromium, page) as shown:
        printed = tmp_path / "page.pdf"
        shown.pdf(path=str(printed), format=paper, print_background=True, prefer_css_page_size=True)
        shown.emulate_media(media="print")
        shown.set_viewport_size({"width": round((WIDTHS_PT[paper] - 2 * MARGIN_PT) / 0.75), "height": 900})
        # What is there for screen readers alone is clipped away.
        hidden = "[...document.querySelectorAll('*')].filter(one => getComputedStyle(one).clipPath === 'inset(50%)')"
        shown.evaluate(f"{hidden}.forEach(one => one.remove())")
        told = shown.evaluate("document.body.innerText")
    words = words_on_paper(printed)
    assert all(abs(width - WIDTHS_PT[paper]) < 1.5 for width, *_ in words)
    assert beyond_the_margins(words) == []
    missing = words_of(told) - words_of(" ".join(word for *_, word in words))
    # Names of devices and whatever a stranger wrote may be broken at the end of a line; our own words may not.
    joined = "".join(word for *_, word in words)
    assert [word for word in missing if word not in joined or (which == "run" and word not in "R5CT30ABCDE")] == []
    assert len(words) > 300


@needs_pdftotext
@pytest.mark.parametrize("paper", WIDTHS_PT)
def test_the_export_prints_on_the_paper_that_is_named(
    tmp_path: Path, paper: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("no chromium on this machine; run scripts/install_test_packages.sh")
    monkeypatch.setenv(pdf.PAPER_VARIABLE, paper.lower())
    printed = tmp_path / "page.pdf"
    printed.write_bytes(pdf.EXPORT.render(light(tmp_path), tmp_path))
    words = words_on_paper(printed)
    assert all(abs(width - WIDTHS_PT[paper]) < 1.5 for width, *_ in words)
    assert beyond_the_margins(words) == []


def test_an_unknown_paper_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pdf.PAPER_VARIABLE, "papyrus")
    with pytest.raises(UserError, match="papyrus: BAKEOFF_PAPER names it"):
        pdf.paper()


def test_a_word_beyond_the_margin_is_found() -> None:
    assert beyond_the_margins([(595, 50, 560, -100, "far"), (595, 50, 540, -100, "near")]) == ["far"]
    assert beyond_the_margins([(595, 50, 100, -10, "low")]) == ["low"]
