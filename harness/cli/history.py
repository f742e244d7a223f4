"""`bakeoff history`: what was measured over the nights: list, show, plot, export, import, prune, check."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.console import tell

if TYPE_CHECKING:
    from harness.history.read_series import Wanted

DEFAULT_MOST = 50


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of every subcommand."""
    commands = parser.add_subparsers(dest="what", metavar="WHAT", required=True)

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        add_history(command)
        return command

    listed = add("list", "results, the newest first")
    _add_filters(listed)
    listed.add_argument(
        "--most", type=at_least_one, default=DEFAULT_MOST, metavar="N", help=f"so many (default: {DEFAULT_MOST})"
    )
    listed.add_argument("--json", action="store_true", help="print JSON")
    shown = add("show", "one series night by night; of several that fit, their names")
    _add_filters(shown)
    shown.add_argument("--json", action="store_true", help="print JSON, of every series that fits")
    plotted = add("plot", "series over their nights, with notes and changes marked")
    _add_filters(plotted)
    plotted.add_argument("--out", type=Path, required=True, metavar="FILE", help="FILE.html, FILE.png or FILE.svg")
    exported = add("export", "results as a table for other programs, the oldest first")
    _add_filters(exported)
    exported.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="FILE.csv or FILE.parquet, or FILE.openmetrics with nights for promtool; else CSV is printed",
    )
    imported = add(
        "import",
        "take in the runs of a folder, however deep, or what waits in files; a broken one is reported and left out",
    )
    imported.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="a run, a folder of runs, or of nights"
    )
    imported.add_argument(
        "--suite", default="", metavar="NAME", help="the suite that they are of, where no night says so"
    )
    imported.add_argument("--again", action="store_true", help="write anew also the runs that are known")
    imported.add_argument("--json", action="store_true", help="print what was taken in as JSON")
    pruned = add(
        "prune", "take out old nights that nothing which was told rests on; shows what, and does it with --yes"
    )
    pruned.add_argument("--before", required=True, metavar="DAY", help="2026-11-30, or 30d, 8w, 6m, 1y ago")
    pruned.add_argument("--yes", action="store_true", help="do it")
    pruned.add_argument("--json", action="store_true", help="print JSON")
    checked = add("check", "find rows whose run is gone, or says something else now")
    checked.add_argument("--json", action="store_true", help="print JSON")


def add_history(parser: argparse.ArgumentParser) -> None:
    """The option that says which history."""
    parser.add_argument(
        "--history",
        metavar="URL",
        help="a file, or postgresql://user@host/database (default: $BAKEOFF_HISTORY, or a file of yours)",
    )


def at_least_one(text: str) -> int:
    """A number of entries. Raises `ArgumentTypeError`."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is needed, not {text[:20]!r}")
    return number


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--suite", metavar="NAME", help="of this suite alone")
    parser.add_argument("--experiment", metavar="NAME", help="of this experiment alone")
    parser.add_argument("-d", "--device", metavar="DEVICE", help="on this device alone")
    parser.add_argument("--candidate", metavar="NAME", help="of this candidate alone")
    parser.add_argument("--quantity", metavar="NAME", help="such as latency_p50, psnr_y")
    parser.add_argument("--since", metavar="DAY", help="2026-11-30, or 30d, 8w, 6m, 1y ago")


def execute(arguments: argparse.Namespace) -> int:
    """One subcommand."""
    commands = {
        "list": _list,
        "show": _show,
        "plot": _plot,
        "export": _export,
        "import": _import,
        "prune": _prune,
        "check": _check,
    }
    return commands[arguments.what](arguments)


@contextmanager
def _shown(what: str) -> Iterator[Callable[[int, int], None]]:
    """How far it has come, to whoever looks at a terminal; a log has no use for it."""
    from harness.runs.session.progress import shown_progress

    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with shown_progress() as progress:
        yield partial(progress.advance, "this machine", what)


def _wanted(arguments: argparse.Namespace) -> Wanted:
    from harness.commands.history_query import since_day
    from harness.history.read_series import Wanted

    return Wanted(
        arguments.suite,
        arguments.experiment,
        arguments.device,
        arguments.quantity,
        arguments.candidate,
        None if arguments.since is None else since_day(arguments.since).isoformat(),
    )


def _list(arguments: argparse.Namespace) -> int:
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_model
    from harness.commands.history_query import list_results, since_day
    from harness.history.store import open_history
    from reports.history.terminal import render_history_list

    since = None if arguments.since is None else since_day(arguments.since)
    with open_history(arguments.history, create=False) as history:
        found = list_results(
            history,
            suite=arguments.suite,
            experiment=arguments.experiment,
            device=arguments.device,
            quantity=arguments.quantity,
            candidate=arguments.candidate,
            since=since,
            most=arguments.most,
        )
    show_model(found, lambda console: render_history_list(found, console), as_json=arguments.json)
    return EXIT_DONE


def _show(arguments: argparse.Namespace) -> int:
    from harness.cli.console import show_listed
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_model
    from harness.commands.history_query import names_of_series, shown_series
    from harness.history.store import open_history
    from reports.history.terminal import render_history_series

    wanted = _wanted(arguments)
    with open_history(arguments.history, create=False) as history:
        names = names_of_series(history, wanted)
        if len(names) > 1 and not arguments.json:
            for key in names:
                suite = f"{key.suite}: " if key.suite else ""
                show_listed(f"{key.quantity} of {key.candidate}, {suite}{key.experiment} on {key.device}", 2)
            tell(f"bakeoff: {len(names)} series fit; narrow it by --quantity, -d, --experiment, --suite, --candidate")
            return EXIT_DONE
        shown = shown_series(history, wanted)
    show_model(shown, lambda console: render_history_series(shown, console), as_json=arguments.json)
    return EXIT_DONE


def _plot(arguments: argparse.Namespace) -> int:
    from harness.cli.main import EXIT_DONE
    from harness.commands.history_query import names_of_series, shown_series
    from harness.documents.folder import write_atomically
    from harness.errors import UserError
    from harness.history.store import open_history
    from reports.history import html, picture

    kind = arguments.out.suffix.lower()
    if kind not in {".html", ".png", ".svg"} or arguments.out.is_dir():
        raise UserError(f"{arguments.out}: a plot is written as .html, .png or .svg", "Name such a file.")
    wanted = _wanted(arguments)
    most = html.MOST_SERIES if kind == ".html" else picture.MOST_SERIES
    with open_history(arguments.history, create=False) as history:
        names = names_of_series(history, wanted)
        if len(names) > most:
            raise UserError(
                f"{len(names)} series fit, and one {kind[1:]} holds {most}", "Narrow it: --quantity, -d, --experiment."
            )
        shown = shown_series(history, wanted)
    if not shown.series:
        raise UserError("nothing was measured there in that time", "Look further back: --since.")
    if kind == ".html":
        content = html.render_history_html(shown).encode()
    else:
        content = picture.render_picture(shown, "png" if kind == ".png" else "svg")
    write_atomically(arguments.out, content)
    return EXIT_DONE


def _export(arguments: argparse.Namespace) -> int:
    from harness.cli.main import EXIT_DONE
    from harness.commands.history_export import csv_of, export_results
    from harness.errors import UserError
    from harness.history.store import open_history

    kind = None if arguments.out is None else arguments.out.suffix.lower()
    if kind == ".openmetrics":
        return _export_nights(arguments)
    if kind not in {None, ".csv", ".parquet"} or (arguments.out is not None and arguments.out.is_dir()):
        raise UserError(f"{arguments.out}: results are written as .csv or .parquet", "Name such a file.")
    wanted = _wanted(arguments)
    with open_history(arguments.history, create=False) as history:
        if arguments.out is None:
            sys.stdout.flush()
            csv_of(history, wanted, sys.stdout.buffer)
        else:
            count = export_results(history, wanted, "csv" if kind == ".csv" else "parquet", arguments.out)
            tell(f"bakeoff: {count:,} results in {arguments.out}")
    return EXIT_DONE


def _export_nights(arguments: argparse.Namespace) -> int:
    """Whole nights with their moments: a night is one document, so that only a suite and a time can be chosen."""
    from harness.cli.main import EXIT_DONE
    from harness.commands.history_query import since_day
    from harness.documents.folder import write_atomically
    from harness.errors import UserError
    from harness.history.store import open_history
    from reports.nightly.openmetrics import past_nights

    narrower = ("experiment", "device", "candidate", "quantity")
    given = next((name for name in narrower if getattr(arguments, name) is not None), None)
    if given is not None:
        raise UserError(f"--{given}: nights are exported whole", "Leave it out; --suite and --since choose nights.")
    since = "" if arguments.since is None else since_day(arguments.since).isoformat()
    with open_history(arguments.history, create=False) as history:
        nights = [each for each in history.nights(arguments.suite) if each.night >= since]
    if not nights:
        raise UserError("no night is kept there of that suite and time", "`bakeoff nightly` keeps them.")
    write_atomically(arguments.out, past_nights(nights))
    tell(f"bakeoff: {len(nights):,} nights in {arguments.out}")
    return EXIT_DONE


def _import(arguments: argparse.Namespace) -> int:
    from harness.cli.main import EXIT_DONE, EXIT_INCOMPLETE
    from harness.cli.outcome import show_model
    from harness.commands.history_import import import_folder, import_waiting
    from harness.documents.history import HistoryImport
    from harness.history.store import open_history
    from harness.words.sentences import counted

    with open_history(arguments.history) as history, _shown("reading runs") as told:
        if arguments.folder is None:
            found = import_waiting(history)
        else:
            found = import_folder(history, arguments.folder, suite=arguments.suite, again=arguments.again, told=told)
    if arguments.json:
        document = HistoryImport(history=history.url, **vars(found))
        show_model(document, lambda _console: None, as_json=True)
        return EXIT_INCOMPLETE if found.skipped else EXIT_DONE
    for path, reason in found.skipped.items():
        tell(f"bakeoff: left out {path}: {reason.removeprefix(f'{path}: ')}")
    nights = f" and {counted(found.nights, 'night')}" if found.nights else ""
    tell(f"bakeoff: {counted(found.runs, 'run')}{nights} taken in, {found.known:,} known before")
    return EXIT_INCOMPLETE if found.skipped else EXIT_DONE


def _prune(arguments: argparse.Namespace) -> int:
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_model
    from harness.commands.history_prune import prune_history
    from harness.commands.history_query import since_day
    from harness.history.store import open_history
    from reports.history.terminal import render_history_prune

    before = since_day(arguments.before)
    with open_history(arguments.history, create=False) as history:
        prune = prune_history(history, before, do_it=arguments.yes)
    show_model(prune, lambda console: render_history_prune(prune, console), as_json=arguments.json)
    return EXIT_DONE


def _check(arguments: argparse.Namespace) -> int:
    from harness.cli.main import EXIT_DONE, EXIT_INCOMPLETE
    from harness.cli.outcome import show_model
    from harness.commands.history_check import check_history
    from harness.history.store import open_history
    from reports.history.terminal import render_history_check

    with open_history(arguments.history, create=False) as history, _shown("looking at runs") as told:
        check = check_history(history, told)
    show_model(check, lambda console: render_history_check(check, console), as_json=arguments.json)
    return EXIT_INCOMPLETE if check.faults else EXIT_DONE
