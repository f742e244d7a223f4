"""`bakeoff compare`: candidates of earlier runs side by side."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="folders of runs, the one to compare with first"
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON (`bakeoff schema compared`)")


def execute(arguments: argparse.Namespace) -> int:
    """Set them side by side, or say why that cannot be."""
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_model
    from harness.commands.compare_runs import compare_runs
    from reports.compared_terminal import render_compared

    compared = compare_runs(arguments.runs)
    show_model(compared, lambda console: render_compared(compared, console), as_json=arguments.json)
    return EXIT_DONE
