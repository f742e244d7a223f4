"""From a soak's windows so far to result.json and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.commands.write_reports import names_of_this_computer
from harness.documents.folder import write_atomically, write_model
from harness.documents.soak_result import SoakResult

if TYPE_CHECKING:
    from harness.documents.soak_folder import SoakFolder


def write_soak(folder: SoakFolder, result: SoakResult, *, names_told: bool = False) -> None:
    """result.json, and report.html in which nothing tells of the network; with `names_told` report.local.html instead,
    with everything that result.json tells. Raises `DiskError`.
    """
    from reports.shared_soak import shared_soak
    from reports.soak_html import render_soak_html

    write_model(folder.result, result)
    if names_told:
        write_atomically(folder.local_report, render_soak_html(result).encode())
    else:
        write_atomically(folder.report, render_soak_html(shared_soak(result, names_of_this_computer())).encode())
