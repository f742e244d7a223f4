"""`bakeoff report`: redraw the report from comparison.json or nightly.json alone, or write it in another format."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reports.exports.registry import EXPORTS
from reports.nightly.registry import RENDERINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.documents.comparison import Comparison
    from harness.documents.folder import RunFolder
    from harness.nightly.telling.settings import Share

_FORMATS = tuple(dict.fromkeys([*EXPORTS, *RENDERINGS]))


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "run",
        type=Path,
        metavar="RUN",
        help="folder of a run, or of a night (nightly.json); for openmetrics also that of all nights of a suite",
    )
    parser.add_argument("--json", action="store_true", help="print the document itself instead of the summary")
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        metavar="FORMAT",
        help=f"write it in this format, and no summary; of a run: {', '.join(EXPORTS)}; of a night: "
        f"{', '.join(RENDERINGS)}",
    )
    parser.add_argument(
        "--full", action="store_true", help="show everything, also on a terminal, which else gets a first screen"
    )
    parser.add_argument(
        "--share",
        choices=("aliases", "names"),
        metavar="WHAT",
        help="what a page or format tells of the devices: aliases (the default), and nothing of users, hosts, "
        "addresses, folders and serial numbers; or names, as comparison.json has them (a run's page is then "
        "report.local.html); monitors get a night's names in any case",
    )
    parser.add_argument(
        "--mlflow",
        metavar="URL",
        help="write parameters, metrics and the page of a run to this tracking server of MLflow",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="with --format: where to; else it is printed")


def execute(arguments: argparse.Namespace) -> int:
    """Write report.html again and show the summary; or write one format."""
    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_outcome
    from harness.commands.write_reports import shareable, write_local_report, write_reports
    from harness.documents.folder import RunFolder
    from harness.documents.received_folder import refuse_foreign_entries
    from harness.errors import UserError
    from reports.exports.registry import open_export
    from reports.open_comparison import open_comparison
    from reports.open_nightly import is_night, nights_below

    if arguments.format == "openmetrics" and (nights := nights_below(arguments.run)):
        return _report_past_nights(arguments, nights)
    of_a_night = is_night(arguments.run)
    formats = RENDERINGS if of_a_night else EXPORTS
    if arguments.out is not None and arguments.format is None:
        raise UserError("--out says where to, and not in which format", f"Add --format: {', '.join(formats)}.")
    if arguments.json and arguments.format is not None:
        raise UserError("--json and --format are two formats", "Give one of them.")
    _refuse_foreign_format(arguments.format, formats, "night" if of_a_night else "run")
    if arguments.mlflow is not None and arguments.format is not None:
        raise UserError("--mlflow and --format are two renderings", "Give one of them.")
    if of_a_night and arguments.mlflow is not None:
        raise UserError("--mlflow is of a run, and this is a night", "Leave it out.")
    if of_a_night:
        return _report_night(arguments)
    folder = RunFolder(arguments.run)
    refuse_foreign_entries(folder.path)
    comparison = open_comparison(folder.comparison)
    if arguments.format is None:
        if arguments.share == "names":
            write_local_report(folder, comparison)
        else:
            write_reports(folder, comparison)
        page = folder.local_report if arguments.share == "names" else folder.report
        if arguments.mlflow is not None:
            return _log_to_mlflow(arguments, folder, comparison, page)
        show_outcome(folder, comparison, as_json=arguments.json, page=page, whole=arguments.full)
        return EXIT_DONE
    told = comparison if arguments.share == "names" else shareable(comparison)
    _put_out(arguments.out, open_export(arguments.format).render(told, folder.path))
    return EXIT_DONE


def _log_to_mlflow(arguments: argparse.Namespace, folder: RunFolder, comparison: Comparison, page: Path) -> int:
    """The page and the comparison that `--share` asks for go along as files."""
    from harness.cli.console import tell
    from harness.cli.main import EXIT_DONE
    from harness.commands.log_to_mlflow import log_to_mlflow
    from harness.commands.write_reports import shareable

    keeps_names = arguments.share == "names"
    document = folder.comparison if keeps_names else folder.shared_comparison
    logged = log_to_mlflow(comparison if keeps_names else shareable(comparison), [page, document], arguments.mlflow)
    if not logged.artifacts_taken:
        tell("bakeoff: the server keeps files elsewhere, and took none: only parameters and metrics are there")
    print(f"MLflow: {logged.page}")
    return EXIT_DONE


def _report_night(arguments: argparse.Namespace) -> int:
    """One format of a night; without `--format` its page is written again, and its sentence is shown."""
    from harness.cli.main import EXIT_DONE
    from harness.commands.nightly.tell_night import shareable_night
    from harness.documents.folder import write_atomically
    from reports.nightly.registry import open_rendering
    from reports.open_nightly import open_nightly

    nightly = open_nightly(arguments.run)
    share: Share = "names" if arguments.share == "names" else "aliases"
    if arguments.json or arguments.format is not None:
        name = arguments.format or "json"
        _put_out(arguments.out, open_rendering(name).render(shareable_night(nightly, name, share)))
        return EXIT_DONE
    folder = arguments.run if arguments.run.is_dir() else arguments.run.parent
    page = open_rendering("html")
    write_atomically(folder / page.file_name, page.render(shareable_night(nightly, page.name, share)))
    _put_out(None, open_rendering("mail").render(nightly) + f"\nPage: {folder / page.file_name}\n".encode())
    return EXIT_DONE


def _report_past_nights(arguments: argparse.Namespace, files: Iterable[Path]) -> int:
    """Every night of a suite's folder as one text, each sample with its moment."""
    from harness.cli.main import EXIT_DONE
    from reports.nightly.openmetrics import past_nights
    from reports.open_nightly import open_nightly

    _put_out(arguments.out, past_nights(open_nightly(file) for file in files))
    return EXIT_DONE


def _put_out(out: Path | None, content: bytes) -> None:
    from harness.cli.outcome import show_bytes
    from harness.documents.folder import write_atomically
    from harness.errors import UserError

    if out is None and content.startswith(b"%PDF") and sys.stdout is not None and sys.stdout.isatty():
        raise UserError("a PDF is nothing for a terminal", "Add --out FILE.")
    if out is None:
        show_bytes(content)
    elif out.is_dir():
        raise UserError(f"{out}: is a folder", "Name the file to write.")
    else:
        write_atomically(out, content)


def _refuse_foreign_format(name: str | None, formats: Iterable[str], of_what: str) -> None:
    from harness.errors import UserError

    if name is not None and name not in formats:
        raise UserError(f"--format {name}: a {of_what} is not written in it", f"There are {', '.join(formats)}.")
