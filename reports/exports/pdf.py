"""The page as PDF, printed by a Chromium that is there. Nothing is downloaded for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from harness.documents.comparison import Comparison
from harness.errors import UserError
from reports.exports.export import Export
from reports.html import render_html

CHROMIUM_VARIABLE: Final = "BAKEOFF_CHROMIUM"
_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome")
_PLACES: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PAPER_VARIABLE: Final = "BAKEOFF_PAPER"
_PAPERS: Final = ("A4", "Letter")
_MARGINS_ALONE: Final = "@page { margin: 16mm; }"
"""What the page's style has: whoever prints it from a browser has the printer's own paper."""
_PATIENCE_S: Final = 180.0


def find_chromium() -> str:
    """The browser that prints: the one that `BAKEOFF_CHROMIUM` names, else the first of its kind on the path. Raises
    `UserError` where there is none.
    """
    named = os.environ.get(CHROMIUM_VARIABLE)
    candidates = (named,) if named else (*_PROGRAMS, *_PLACES)
    found = next((program for name in candidates if (program := shutil.which(name)) is not None), None)
    if found is not None:
        return found
    if named:
        raise UserError(f"{named}: {CHROMIUM_VARIABLE} names it, and it is no program", "Name a Chromium or a Chrome.")
    raise UserError(
        "a PDF is printed by Chromium or Chrome, and none is on this computer",
        f"Install one (Debian: apt-get install chromium), or name it in {CHROMIUM_VARIABLE}, or print report.html.",
    )


def paper() -> str:
    """What to print on: A4, or what `BAKEOFF_PAPER` names. Raises `UserError` for any other."""
    named = os.environ.get(PAPER_VARIABLE) or "A4"
    found = next((one for one in _PAPERS if one.casefold() == named.casefold()), None)
    if found is None:
        raise UserError(
            f"{named}: {PAPER_VARIABLE} names it, and it is no paper", f"There are {' and '.join(_PAPERS)}."
        )
    return found


def _render(comparison: Comparison, run_folder: Path) -> bytes:
    program, size = find_chromium(), paper()
    with tempfile.TemporaryDirectory(prefix="bakeoff-pdf-") as name:
        folder = Path(name)
        page, printed = folder / "report.html", folder / "report.pdf"
        sized = f"@page {{ size: {size}; margin: 16mm; }}"
        page.write_text(render_html(comparison, run_folder).replace(_MARGINS_ALONE, sized, 1), encoding="utf-8")
        argv = [program, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        argv += ["--disable-component-update", "--disable-sync", "--no-pdf-header-footer"]
        # Chromium's own sandbox refuses to work for root; the page is ours, and loads nothing.
        argv += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        argv += [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={printed}", page.as_uri()]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            said = "did not end" if isinstance(error, subprocess.TimeoutExpired) else str(error.strerror)
            raise UserError(f"{program}: could not print the page: {said}", "Print report.html yourself.") from None
        if done.returncode != 0 or not printed.is_file():
            last = done.stderr.decode("utf-8", errors="replace").strip().splitlines()[-1:]
            said = last[0] if last else f"exit code {done.returncode}"
            raise UserError(f"{program}: could not print the page: {said}", "Print report.html yourself.")
        return _of_its_own_moment(printed.read_bytes(), comparison)


def _of_its_own_moment(content: bytes, comparison: Comparison) -> bytes:
    """With the moment of the comparison instead of that of printing: the same comparison gives the same bytes."""
    digits = re.sub(r"\D", "", comparison.created_at)[:14]
    if len(digits) != 14:
        return content
    return re.sub(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}", rb"\g<1>" + digits.encode(), content)


EXPORT = Export("pdf", "the page for a printer, through a Chromium that is there", _render)
