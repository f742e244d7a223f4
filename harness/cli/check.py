"""`bakeoff check`: everything that can be validated without measuring, down to opening the models in their runtimes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.nightly.suite_file import SuiteFile
    from harness.runs.session.progress import Progress


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("experiment", type=Path, metavar="FILE", help="experiment.toml or suite.toml")
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
    from harness.nightly.suite_file import is_suite, read_suite
    from harness.runs.session.progress import shown_progress

    with shown_progress() as progress:
        if is_suite(arguments.experiment):
            lines = _check_suite(read_suite(arguments.experiment), arguments, progress)
        else:
            lines = check(read_experiment(arguments.experiment), arguments.device or [], progress, arguments.runner)
    for line in lines:
        show_listed(line, COLUMN)
    return EXIT_DONE


def _check_suite(suite: SuiteFile, arguments: argparse.Namespace, progress: Progress) -> list[str]:
    from harness.commands.nightly.check_suite import check_suite
    from harness.errors import UserError

    if arguments.device or arguments.runner:
        raise UserError("-d and --runner are for experiments: a suite names its devices itself", "Leave them out.")
    return check_suite(suite, progress)
