"""`bakeoff analyze`: recompute a run from its records and outputs. No device is asked for anything."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("--json", action="store_true", help="print comparison.json on stdout and nothing else there")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="read the items that it names though it was begun elsewhere and does not say what was in them",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Score, compare, report."""
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_outcome
    from harness.commands.recompute import recompute_received
    from harness.documents.folder import RunFolder
    from harness.runs.session.folder_lock import claimed
    from harness.runs.session.progress import shown_progress

    folder = RunFolder(arguments.run)
    folder.read_manifest()  # a folder that is no run is left as it is
    with shown_progress() as progress, claimed(folder):
        comparison = recompute_received(folder, progress, trusted=arguments.trust)
    show_outcome(folder, comparison, as_json=arguments.json)
    return EXIT_DONE
