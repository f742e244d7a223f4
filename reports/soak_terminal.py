"""A soak in a terminal: for each device what is known by now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.documents.soak_result import SoakResult
from reports import format as fmt
from reports.soak_page import Kind, SoakSection, at, soak_section
from reports.terminal_lines import item, line, text

if TYPE_CHECKING:
    from rich.console import Console

_STYLES: Final[dict[Kind, str]] = {"good": "green", "bad": "red", "open": "yellow", "none": "dim"}
_GAPS: Final = 8
"""The newest; all of them are in the report."""


def render_soak_terminal(soak: SoakResult, console: Console, report: Path | None = None) -> None:
    """Print the soak; `report` is where the HTML is, named at the end. Fits 80 columns, and obeys nothing in text from
    users.
    """
    line(console, text(f"Soak of {soak.arm} in {soak.name}", "bold"))
    for device in soak.devices:
        _device(console, soak_section(soak, device))
    if report is not None:
        line(console)
        line(console, text("Report: "), text(str(report), "bold"))


def _device(console: Console, section: SoakSection) -> None:
    from rich import box
    from rich.table import Table

    result = section.result
    line(console)
    line(console, text(result.shown_name, "bold"), text(f" {result.status}", _STYLES[section.status_kind]))
    line(console, text(section.headline, f"bold {_STYLES[section.headline_kind]}"))
    line(console, text(f"{section.progress}; {section.restarts}."))
    if result.problem:
        line(console, text(result.problem, "red"))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, min_width=14)
    table.add_column(min_width=14, overflow="fold")
    table.add_column(overflow="fold")
    for row in section.rows:
        table.add_row(text(row.label), text(row.answer, _STYLES[row.kind]), text(fmt.held_together(row.words)))
    console.print(table, highlight=False)
    for gap in result.gaps[-_GAPS:]:
        item(console, f"{at(gap.at_hours)}: {gap.what}. {gap.words}")
    if len(result.gaps) > _GAPS:
        item(console, f"and {fmt.count(len(result.gaps) - _GAPS, 'earlier interruption')}: see the report")
