"""The page: one file with its files and figures inside."""

from __future__ import annotations

from pathlib import Path

from harness.documents.comparison import Comparison
from reports.exports.export import Export
from reports.html import render_html


def _render(comparison: Comparison, run_folder: Path) -> bytes:
    return render_html(comparison, run_folder).encode()


EXPORT = Export("html", "one page with everything in it", _render)
