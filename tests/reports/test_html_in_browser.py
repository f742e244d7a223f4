"""The report in a real Chromium: how it looks at two widths and in two colour schemes, and that it stays silent."""

from __future__ import annotations

import http.server
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.documents.comparison import Comparison
from reports.html import render_html
from reports.page_environment import TEMPLATES
from tests.reports import sample_comparison as sample
from tests.reports.test_html import everywhere

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine; install the package `chromium` to run these tests"
)

DARK, LIGHT = "--blink-settings=preferredColorScheme=0", "--blink-settings=preferredColorScheme=1"
PALETTE = re.findall(r"--paper: #([0-9a-f]{6})", (TEMPLATES / "report.css").read_text(encoding="utf-8"))


class Browser:
    """Runs headless Chromium once for each question, with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = 0

    def run(self, page: Path, *flags: str, anchor: str = "") -> bytes:
        self.runs += 1
        argv = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
        argv += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        argv += [f"--user-data-dir={self.folder / f'profile{self.runs}'}", *flags, page.as_uri() + anchor]
        return subprocess.run(argv, check=True, capture_output=True, timeout=120).stdout

    def screenshot(self, page: Path, width: int, height: int, *flags: str, anchor: str = "") -> np.ndarray:
        target = self.folder / f"shot{self.runs}.png"
        self.run(page, f"--screenshot={target}", f"--window-size={width},{height}", *flags, anchor=anchor)
        with Image.open(target) as image:
            return np.asarray(image.convert("RGB"))

    def measure(self, page: Path, width: int, script: str) -> str:
        """What `script` gives inside the page. The page's own policy forbids scripts, so a copy without it is asked."""
        text = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page.read_text(encoding="utf-8"))
        answer = f"<script>document.documentElement.dataset.answer = String({script})</script></html>"
        asked = self.folder / f"asked{self.runs}.html"
        asked.write_text(text.replace("</html>", answer), encoding="utf-8")
        dom = self.run(asked, "--dump-dom", f"--window-size={width},900").decode()
        found = re.search(r'data-answer="([^"]*)"', dom)
        assert found, "the script did not run"
        return found[1]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return Browser(tmp_path_factory.mktemp("browser"))


def written(comparison: Comparison, folder: Path) -> Path:
    page = folder / "report.html"
    page.write_text(render_html(comparison, folder), encoding="utf-8")
    return page


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return written(sample.comparison(folder, images=2), folder)


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    return written(everywhere(sample.comparison(folder, images=1), " ".join(sample.HOSTILE_NAMES)), folder)


@pytest.mark.parametrize(("scheme", "paper"), [(LIGHT, PALETTE[0]), (DARK, PALETTE[1])])
def test_the_page_follows_the_colour_scheme(browser: Browser, page: Path, scheme: str, paper: str) -> None:
    shot = browser.screenshot(page, 1280, 900, scheme)
    assert bytes(shot[-1, 2]).hex() == paper


@pytest.mark.parametrize("width", [1280, 768, 360])
@pytest.mark.parametrize("which", ["page", "hostile_page"])
def test_nothing_sticks_out_to_the_side(
    browser: Browser, width: int, which: str, request: pytest.FixtureRequest
) -> None:
    page = request.getfixturevalue(which)
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.measure(page, width, script) == "0"


def test_text_in_charts_stays_readable_on_a_telephone(browser: Browser, page: Path) -> None:
    script = "Math.min(...[...document.querySelectorAll('.chart text')].map(t => t.getBoundingClientRect().height))"
    assert float(browser.measure(page, 360, script)) >= 9


def test_an_enlarged_picture_fills_the_window_with_its_own_pixels(browser: Browser, page: Path) -> None:
    shot = browser.screenshot(page, 800, 700, LIGHT, anchor="#device-0-image-0-1")
    folder = page.parent / "gallery"
    with Image.open(folder / "butterfly-candidate.png") as image:
        colours = {tuple(pixel) for pixel in np.asarray(image.convert("RGB")).reshape(-1, 3).tolist()}
    middle = shot[200:600, 200:600].reshape(-1, 3)
    assert all(tuple(pixel) in colours for pixel in middle[::101].tolist()), "pixels were blended or covered"


def test_no_script_of_a_name_runs(browser: Browser, tmp_path: Path) -> None:
    names = " ".join(
        f"{quote}><script>document.title='acted'</script><img src=x onerror=\"document.title='acted'\">"
        for quote in ("", "'", '"', "</style>", "</title>", "</svg>")
    )
    dom = browser.run(
        written(everywhere(sample.comparison(tmp_path, images=1), names), tmp_path), "--dump-dom"
    ).decode()
    assert "<title>acted" not in dom
    assert dom.count("<script") == 1


@pytest.fixture
def listening() -> Iterator[tuple[str, list[str]]]:
    """A web server's address, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_arguments: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_the_page_asks_the_network_for_nothing(
    browser: Browser, tmp_path: Path, listening: tuple[str, list[str]]
) -> None:
    address, asked = listening
    name = (
        f'{address}/text <img src={address}/img> "><link rel=stylesheet href={address}/css> '
        f"</style><style>@import url({address}/import)</style> ' style='background:url({address}/style)'"
    )
    page = written(everywhere(sample.comparison(tmp_path, images=1), name), tmp_path)
    browser.screenshot(page, 800, 600)
    assert asked == []

    # The server is heard by a page that does ask, so the silence above means something.
    asking = tmp_path / "asking.html"
    asking.write_text(f'<img src="{address}/img">')
    browser.screenshot(asking, 800, 600)
    assert asked == ["/img"]


def test_the_policy_holds_even_if_markup_came_through(
    browser: Browser, page: Path, tmp_path: Path, listening: tuple[str, list[str]]
) -> None:
    address, asked = listening
    broken = tmp_path / "broken.html"
    injected = (
        f'<img src="{address}/img"><script src="{address}/script"></script><iframe src="{address}/frame"></iframe>'
    )
    broken.write_text(page.read_text(encoding="utf-8").replace("<h1>", f"{injected}<h1>"), encoding="utf-8")
    browser.screenshot(broken, 800, 600)
    assert asked == []
