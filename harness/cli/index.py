"""`bakeoff index`: a page with all runs of a folder."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder with runs in it, also deeper")
    parser.add_argument(
        "--share",
        choices=("aliases", "names"),
        default="aliases",
        metavar="WHAT",
        help="what the page tells of devices, as for bakeoff report (default: aliases)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Write index.html into the folder."""
    from harness.cli.console import show_path, tell
    from harness.cli.main import EXIT_DONE
    from harness.commands.index_runs import index_runs

    page, faults = index_runs(arguments.folder, names_told=arguments.share == "names")
    for fault in faults:
        tell(f"bakeoff: {fault}")
    show_path(page)
    return EXIT_DONE
