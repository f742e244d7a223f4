"""The report looks as it did: screenshots at three widths, light and dark, held against committed ones by bakeoff's own
SSIM, and the places of its parts. `BAKEOFF_TEST_BASELINES=write` renews them; look at them before they are committed.

The screenshots are made smaller and grey, so that how a font is smoothed does not count; which font it is does, so that
another one skips the test, and says so.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from harness.documents.comparison import Comparison
from metrics.image.ssim import Ssim
from metrics.metric import MetricSettings
from reports.html import render_html
from tests.reports import sample_comparison as sample
from tests.reports.chromium import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BASELINES: Final = Path(__file__).parent / "baselines"
LAYOUT: Final = BASELINES / "layout.json"
SMALLER: Final = {1440: 6, 768: 4, 360: 3}
"""Width of the window → by how much its screenshot is made smaller."""
TILE: Final = 24
LEAST_SSIM: Final = 0.9
"""Of every tile by itself: a mark that is gone is nothing to the mean over a page."""
IS_WRITING: Final = os.environ.get("BAKEOFF_TEST_BASELINES") == "write"
PARTS: Final = "h1, h2, h3, h4, table, figure, dl, ul, p.key, p.facts, .verdict, nav"


def font() -> str | None:
    """The hash of the font that Chromium draws the page with; None where nothing tells."""
    if shutil.which("fc-match") is None:
        return None
    argv = ["fc-match", "--format=%{file}", "system-ui"]
    file = Path(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def fixed(folder: Path) -> Comparison:
    """Two devices, the second with its tables alone."""
    comparison = sample.comparison(folder, images=1)
    first, second = comparison.devices
    light = second.model_copy(update={"latency": [], "gallery": [], "scores": [], "courses": []})
    return comparison.model_copy(update={"devices": [first, light]})


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    file = folder / "report.html"
    file.write_text(render_html(fixed(folder), folder), encoding="utf-8")
    return file


def screenshot(shown: Page, smaller: int) -> NDArray[np.uint8]:
    """The whole page, grey, each pixel the mean of `smaller`² of the screen's."""
    with Image.open(io.BytesIO(shown.screenshot(full_page=True, animations="disabled"))) as image:
        return np.asarray(image.convert("L").reduce(smaller))


def layout(shown: Page) -> list[list[Any]]:
    """[tag, left, top, width, height] of every part, in pixels of the screen."""
    script = f"""[...document.querySelectorAll({json.dumps(PARTS)})].map(part => [part.tagName.toLowerCase(),
        ...(box => [box.left, box.top + window.scrollY, box.width, box.height])(part.getBoundingClientRect())
        .map(Math.round)])"""
    found: list[list[Any]] = shown.evaluate(script)
    return found


def moved(now: list[list[Any]], before: list[list[Any]]) -> list[str]:
    """Parts that are elsewhere, or of another size, by more than 3 pixels and 1 % of how far down they are."""
    tags, old_tags = ([part[0] for part in parts] for parts in (now, before))
    if tags != old_tags:
        return [f"{len(tags)} parts where there were {len(old_tags)}, or in another order"]
    return [
        f"{part} was {old}"
        for part, old in zip(now, before, strict=True)
        if any(abs(a - b) > 3 + 0.01 * old[2] for a, b in zip(part[1:], old[1:], strict=True))
    ]


def unlike(now: NDArray[np.uint8], before: NDArray[np.uint8]) -> list[str]:
    """Tiles that look otherwise. The heights may differ by what text takes that is a pixel higher."""
    if now.shape[1] != before.shape[1] or abs(now.shape[0] - before.shape[0]) > 0.01 * before.shape[0]:
        return [f"it is {now.shape} where it was {before.shape}"]
    ssim = Ssim(MetricSettings(data_range=255.0))
    found = []
    height, width = min(now.shape[0], before.shape[0]), now.shape[1]
    for top in range(0, height - TILE + 1, TILE):
        for left in range(0, width - TILE + 1, TILE):
            tile = slice(top, top + TILE), slice(left, left + TILE)
            score = ssim.prepare(np.ascontiguousarray(before[tile])).score(np.ascontiguousarray(now[tile]))
            if score < LEAST_SSIM:
                found.append(f"{TILE} pixels from row {top}, column {left}: SSIM {score:.3f}")
    return found


def refuse_other_fonts(known: dict[str, Any]) -> None:
    if known.get("font") != font():
        pytest.skip(
            "this machine draws pages with another font than the baselines were drawn with; "
            "run scripts/install_test_packages.sh, or renew them with BAKEOFF_TEST_BASELINES=write"
        )


@pytest.mark.parametrize("width", SMALLER)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_looks_as_it_did(chromium: Browser, page: Path, width: int, scheme: str) -> None:
    file = BASELINES / f"report-{width}-{scheme}.png"
    known = json.loads(LAYOUT.read_text()) if LAYOUT.exists() else {}
    if not IS_WRITING:
        refuse_other_fonts(known)
    with opened(chromium, page, width, color_scheme=scheme) as shown:
        now, places = screenshot(shown, SMALLER[width]), layout(shown)
    if IS_WRITING:
        BASELINES.mkdir(exist_ok=True)
        Image.fromarray(now).save(file, optimize=True)
        LAYOUT.write_text(json.dumps({**known, "font": font(), str(width): places}) + "\n")
        pytest.skip("written; look at it before it is committed")
    remedy = "if that was meant: BAKEOFF_TEST_BASELINES=write, and look at them"
    assert moved(places, known[str(width)]) == [], remedy
    with Image.open(file) as before:
        assert unlike(now, np.asarray(before)) == [], remedy


@pytest.mark.skipif(IS_WRITING, reason="baselines are being written")
@pytest.mark.parametrize(
    "change",
    [
        ".verdict .decision { visibility: hidden; }",
        ".matrix .shape { display: none; }",
        ".bar-bound { stroke-width: 12; }",
        "h2 { margin-left: 2rem; }",
    ],
)
def test_a_page_that_looks_otherwise_is_found(chromium: Browser, page: Path, change: str) -> None:
    with opened(chromium, page, 768) as shown:
        before, places = screenshot(shown, SMALLER[768]), layout(shown)
        assert unlike(before, before) == []
        shown.add_style_tag(content=change)
        assert moved(layout(shown), places) or unlike(screenshot(shown, SMALLER[768]), before)
