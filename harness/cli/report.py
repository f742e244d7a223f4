"""`bakeoff report`: redraw the report from comparison.json alone, or write it in another format."""

from __future__ import annotations

import argparse
from pathlib import Path

from reports.exports.registry import EXPORTS


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("--json", action="store_true", help="print comparison.json instead of the summary")
    parser.add_argument("--format", choices=EXPORTS, help="write the comparison in this format, and no summary")
    parser.add_argument("--out", type=Path, metavar="FILE", help="with --format: where to; else it is printed")


def execute(arguments: argparse.Namespace) -> int:
    """Write report.html again and show the summary; or write one format."""
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_bytes, show_outcome
    from harness.documents.folder import RunFolder, write_atomically
    from harness.documents.received_folder import refuse_foreign_entries
    from harness.errors import UserError
    from reports.exports.registry import open_export
    from reports.open_comparison import open_comparison

    if arguments.out is not None and arguments.format is None:
        raise UserError("--out says where to, and not in which format", f"Add --format: {', '.join(EXPORTS)}.")
    if arguments.json and arguments.format is not None:
        raise UserError("--json and --format are two formats", "Give one of them.")
    folder = RunFolder(arguments.run)
    refuse_foreign_entries(folder.path)
    comparison = open_comparison(folder.comparison)
    if arguments.format is None:
        write_atomically(folder.report, open_export("html").render(comparison, folder.path))
        show_outcome(folder, comparison, as_json=arguments.json)
        return EXIT_DONE
    content = open_export(arguments.format).render(comparison, folder.path)
    if arguments.out is None:
        show_bytes(content)
    elif arguments.out.is_dir():
        raise UserError(f"{arguments.out}: is a folder", "Name the file to write.")
    else:
        write_atomically(arguments.out, content)
    return EXIT_DONE
