"""`bakeoff report`: redraw the report from comparison.json alone."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("--json", action="store_true", help="print comparison.json instead of the summary")


def execute(arguments: argparse.Namespace) -> int:
    """Write report.html again and show the summary."""
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_outcome
    from harness.documents.folder import RunFolder, write_atomically
    from harness.documents.received_folder import refuse_foreign_entries
    from reports.html import render_html
    from reports.open_comparison import open_comparison

    folder = RunFolder(arguments.run)
    refuse_foreign_entries(folder.path)
    comparison = open_comparison(folder.comparison)
    write_atomically(folder.report, render_html(comparison, folder.path).encode())
    show_outcome(folder, comparison, as_json=arguments.json)
    return EXIT_DONE
