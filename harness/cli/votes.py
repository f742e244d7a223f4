"""`bakeoff votes`: ask people which pictures look better, without saying which is which, and join what they say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.documents.folder import RunFolder


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="files that voters sent back")
    parser.add_argument("--page", action="store_true", help="write the page that asks: vote.html in the run's folder")
    parser.add_argument("--device", metavar="NAME", help="with --page: show pictures of this device; else of the first")
    parser.add_argument("--candidate", metavar="NAME", help="with --page: the arm to show, where there are several")
    parser.add_argument(
        "--pairs", type=int, metavar="N", help="with --page: pictures to ask about at most (default: 30, five minutes)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="with --page: write the page there")
    parser.add_argument("--json", action="store_true", help="print votes.json on stdout and nothing else there")


def execute(arguments: argparse.Namespace) -> int:
    """Write the page, or join files."""
    from harness.documents.folder import RunFolder
    from harness.errors import UserError

    folder = RunFolder(arguments.run)
    if arguments.page == bool(arguments.files):
        raise UserError(
            "--page and FILEs are two steps" if arguments.page else "neither --page nor a file of votes is given",
            "First `bakeoff votes RUN --page`, then `bakeoff votes RUN FILE…` with what voters sent back.",
        )
    if arguments.page and arguments.json:
        raise UserError("--json is for joining votes", "Leave it out with --page.")
    if not arguments.page:
        for name in ("device", "candidate", "pairs", "out"):
            if getattr(arguments, name) is not None:
                raise UserError(f"--{name} goes with --page", "Votes are joined by what their pages showed.")
    return _make_page(folder, arguments) if arguments.page else _join(folder, arguments)


def _make_page(folder: RunFolder, arguments: argparse.Namespace) -> int:
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_bytes
    from harness.commands.votes.make_page import MOST_PAIRS, make_page
    from harness.commands.votes.tell_votes import page_told
    from harness.errors import UserError

    most = MOST_PAIRS if arguments.pairs is None else arguments.pairs
    if not 2 <= most <= 500:
        raise UserError(f"--pairs {most}: is not between 2 and 500", "About 30 take five minutes.")
    made = make_page(folder, device=arguments.device, candidate=arguments.candidate, most=most, out=arguments.out)
    show_bytes(("\n".join(page_told(made, folder.path)) + "\n").encode())
    return EXIT_DONE


def _join(folder: RunFolder, arguments: argparse.Namespace) -> int:
    """Files that do not count are named; where some do not, the exit code says so."""
    from harness.cli.console import tell
    from harness.cli.main import EXIT_DONE, EXIT_INCOMPLETE
    from harness.cli.outcome import show_bytes
    from harness.commands.votes.join_files import join_files
    from harness.commands.votes.tell_votes import votes_told

    joined = join_files(folder, arguments.files)
    for line in [f"Not counted: {each}" for each in joined.refused] + joined.doubled:
        tell(line)
    if arguments.json:
        show_bytes((joined.votes.model_dump_json(indent=2, by_alias=True) + "\n").encode())
    else:
        lines = votes_told(joined.votes, joined.noun)
        lines += ["", f"Written to {folder.votes}. `bakeoff analyze {folder.path}` takes it into the verdict."]
        show_bytes(("\n".join(lines) + "\n").encode())
    return EXIT_INCOMPLETE if joined.refused else EXIT_DONE
