"""One row for each declared rule on each device, with how it came out."""

from __future__ import annotations

from pathlib import Path

from harness.documents.comparison import Comparison
from reports import format as fmt
from reports.comparison_parts import rules_by_candidate
from reports.exports.csv_cells import Cell, table
from reports.exports.export import Export

_COLUMNS = ("candidate", "quantity", "label", "rule", "device", "outcome", "reason")


def _render(comparison: Comparison, run_folder: Path) -> bytes:
    rows: list[list[Cell]] = [
        [
            group.candidate,
            row.quantity,
            fmt.label(row.quantity),
            row.rule,
            device.device,
            result.outcome if result is not None else "not judged",
            result.reason if result is not None else device.problem or "no result from this device",
        ]
        for group in rules_by_candidate(comparison)
        for row in group.rows
        for device, result in row.results
    ]
    return table(_COLUMNS, rows)


EXPORT = Export("csv-rules", "a row for each rule on each device, for spreadsheets", _render)
