"""The page as PDF, by a real Chromium; where there is none, in words."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness.errors import UserError
from reports.exports import pdf
from tests.reports import sample_comparison as sample

needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="no chromium on this machine; run scripts/install_test_packages.sh"
)


@needs_chromium
def test_it_is_a_pdf_of_several_pages_with_the_comparison_s_own_moment(tmp_path: Path) -> None:
    comparison = sample.comparison(tmp_path, images=1)
    content = pdf.EXPORT.render(comparison, tmp_path)
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", content)) >= 2
    assert b"/CreationDate (D:20251123063152" in content
    assert b"file://" not in content


def test_without_a_chromium_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = sample.comparison(tmp_path, images=0)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(pdf.CHROMIUM_VARIABLE, raising=False)
    monkeypatch.setattr(pdf, "_PLACES", ())
    with pytest.raises(UserError, match="none is on this computer") as refused:
        pdf.EXPORT.render(comparison, tmp_path)
    assert "apt-get install chromium" in refused.value.remedy
    monkeypatch.setenv(pdf.CHROMIUM_VARIABLE, "/nonexistent/chrome")
    with pytest.raises(UserError, match="BAKEOFF_CHROMIUM names it"):
        pdf.EXPORT.render(comparison, tmp_path)


def test_a_browser_that_fails_is_told_by_its_own_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\necho no display >&2\nexit 7\n")
    browser.chmod(0o755)
    monkeypatch.setenv(pdf.CHROMIUM_VARIABLE, str(browser))
    with pytest.raises(UserError, match="could not print the page: no display"):
        pdf.EXPORT.render(sample.comparison(tmp_path, images=0), tmp_path)
