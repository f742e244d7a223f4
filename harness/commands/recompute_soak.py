"""From a soak's windows so far to result.json and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.documents.folder import write_atomically, write_model
from harness.documents.soak_result import SoakResult

if TYPE_CHECKING:
    from harness.documents.soak_folder import SoakFolder


def write_soak(folder: SoakFolder, result: SoakResult) -> None:
    """result.json and report.html. Raises `DiskError`."""
    from reports.soak_html import render_soak_html

    write_model(folder.result, result)
    write_atomically(folder.report, render_soak_html(result).encode())
