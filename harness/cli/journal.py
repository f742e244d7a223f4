"""`bakeoff journal`: notes, verdicts and confirmed changes as one log."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.history import add_history, at_least_one

DEFAULT_MOST = 200


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--since", metavar="DAY", help="2026-11-30, or 30d, 8w, 6m, 1y ago")
    parser.add_argument(
        "--most", type=at_least_one, default=DEFAULT_MOST, metavar="N", help=f"the newest N (default: {DEFAULT_MOST})"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write FILE.md or FILE.html; else Markdown is printed")
    parser.add_argument("--json", action="store_true", help="print the journal as JSON")
    add_history(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print it, or write one file."""
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_bytes
    from harness.commands.history_query import since_day
    from harness.commands.journal import make_journal
    from harness.documents.folder import write_atomically
    from harness.errors import UserError
    from harness.history.store import open_history
    from reports.history.journal_html import render_journal_html
    from reports.history.journal_markdown import render_journal_markdown

    if arguments.json and arguments.out is not None:
        raise UserError("--json is printed, and --out is a file", "Give one of them.")
    kind = None if arguments.out is None else arguments.out.suffix.lower()
    if kind not in {None, ".md", ".html"}:
        raise UserError(f"{arguments.out}: a journal is written as .md or .html", "Name such a file.")
    since = None if arguments.since is None else since_day(arguments.since)
    with open_history(arguments.history, create=False) as history:
        journal = make_journal(history, since=since, most=arguments.most)
    if arguments.json:
        show_bytes((journal.model_dump_json(indent=2, by_alias=True) + "\n").encode())
    elif arguments.out is None:
        show_bytes(render_journal_markdown(journal).encode())
    else:
        render = render_journal_html if kind == ".html" else render_journal_markdown
        write_atomically(arguments.out, render(journal).encode())
    return EXIT_DONE
