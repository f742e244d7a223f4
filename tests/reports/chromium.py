"""A real Chromium to drive: the pages as people see and use them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a worker, since Playwright runs once in a process; each opens pages of its own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright; `pip install playwright`")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install the package `chromium` to run these tests")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path, width: int = 1440, height: int = 900, **options: Any) -> Iterator[Page]:
    """The page in a window of this size. What it says on its console, and whatever it asks of a network, fails the
    test.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    said: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if not _is_local(request.url) else None)
    page.goto(file.as_uri())
    yield page
    context.close()
    assert said == []


def _is_local(url: str) -> bool:
    return url.startswith(("file:", "data:", "blob:"))


def box(page: Page, selector: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the first element of a selector, in the window's pixels."""
    found = page.locator(selector).first.bounding_box()
    assert found is not None, f"{selector} is not to be seen"
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]
