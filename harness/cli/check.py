"""`bakeoff check`: everything that can be validated without measuring, down to opening the models in their runtimes."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("experiment", type=Path, metavar="EXPERIMENT", help="experiment.toml")
    parser.add_argument(
        "-d", "--device", action="append", metavar="DEVICE", help="also open the models there (as for `bakeoff run`)"
    )
    parser.add_argument(
        "--runner", choices=["python", "native"], help="what runs the models there (as for `bakeoff run`)"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Check, and say what was found."""
    from harness.cli.console import show_listed
    from harness.cli.main import EXIT_DONE
    from harness.commands.check import COLUMN, check
    from harness.experiment.file import read_experiment
    from harness.runs.session.progress import shown_progress

    with shown_progress() as progress:
        lines = check(read_experiment(arguments.experiment), arguments.device or [], progress, arguments.runner)
    for line in lines:
        show_listed(line, COLUMN)
    return EXIT_DONE
