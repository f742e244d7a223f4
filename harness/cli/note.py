"""`bakeoff note`: what was tried, into the journal."""

from __future__ import annotations

import argparse

from harness.cli.console import tell
from harness.cli.history import add_history


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", nargs="?", metavar="RUN", help="the run that the note is about: its folder or its id")
    parser.add_argument("text", metavar="TEXT", help="what was tried, in quotation marks")
    parser.add_argument("--factor", metavar="NAME", help="the one thing that the run changed, such as threads")
    parser.add_argument("--question", metavar="TEXT", help="what is still open; `bakeoff run` reminds you of it")
    add_history(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Keep one note."""
    from harness.cli.main import EXIT_DONE
    from harness.commands.journal import write_note
    from harness.history.store import open_history

    with open_history(arguments.history) as history:
        note = write_note(
            history, arguments.text, run=arguments.run, factor=arguments.factor, question=arguments.question
        )
    about = f" about run {note.run_id}" if note.run_id is not None else ""
    tell(f"bakeoff: noted{about}; `bakeoff journal` shows it")
    return EXIT_DONE
