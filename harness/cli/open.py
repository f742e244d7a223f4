"""`bakeoff open`: the newest report in the user's browser, or where it is."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "run",
        nargs="?",
        type=Path,
        default=Path("runs"),
        metavar="RUN",
        help="folder of a run, or one with runs in it: the newest report is opened (default: runs)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Print the page's path, and open it where there is a desktop."""
    from harness.cli.console import show_path
    from harness.cli.main import EXIT_DONE
    from harness.commands.earlier_runs import newest_page
    from harness.commands.open_page import open_page

    page = newest_page(arguments.run)
    show_path(page)
    open_page(page)
    return EXIT_DONE
