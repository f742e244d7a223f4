"""`bakeoff run`: from an experiment to a report, or on with a run that was cut."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.console import tell
from harness.cli.trust import add_trust, asking_first

if TYPE_CHECKING:
    from harness.documents.folder import RunFolder


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("experiment", nargs="?", type=Path, metavar="EXPERIMENT", help="experiment.toml")
    parser.add_argument(
        "-d",
        "--device",
        action="append",
        metavar="DEVICE",
        help="local, ssh://[user@]host[:port], adb, adb:SERIAL or adb:*; may be given several times (default: local)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the run (default: runs/TIME-NAME)")
    parser.add_argument("--pairs", type=_pairs, metavar="N", help="pairs of blocks instead of the experiment's")
    parser.add_argument("--quick", action="store_true", help="few short blocks: for a look, not for a decision")
    parser.add_argument(
        "--no-wait", action="store_true", help="measure at once, however hot or busy a device is; the report names it"
    )
    parser.add_argument(
        "--runner",
        choices=["python", "native"],
        help="what runs the models there (default: what fits each device; `bakeoff devices` says which and why)",
    )
    parser.add_argument("--json", action="store_true", help="print comparison.json on stdout and nothing else there")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run that was cut")
    add_trust(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Measure, analyse, report."""
    return asking_first(arguments, _execute)


def _execute(arguments: argparse.Namespace) -> int:
    from harness.cli.main import EXIT_DONE, EXIT_INCOMPLETE, EXIT_INTERRUPTED
    from harness.cli.outcome import show_outcome
    from harness.commands.run import Overrides, resume_run, start_run
    from harness.documents.folder import RunFolder
    from harness.experiment.file import read_experiment
    from harness.runs.session.new_folder import new_folder
    from harness.runs.session.progress import shown_progress
    from harness.runs.session.stop_request import InterruptedRunError

    _refuse_contradictions(arguments)
    if not arguments.json:
        _remind()
    folder = None
    with shown_progress() as progress:
        try:
            if arguments.resume is not None:
                folder = RunFolder(arguments.resume)
                outcome = resume_run(folder, progress, trusted=arguments.trust)
            else:
                file = read_experiment(arguments.experiment)
                folder = new_folder(RunFolder, arguments.out, file.experiment.name)
                overrides = Overrides(arguments.pairs, arguments.quick, arguments.runner, arguments.no_wait)
                outcome = start_run(file, arguments.device or ["local"], folder, overrides, progress)
        except (InterruptedRunError, KeyboardInterrupt):
            if folder is None or not folder.manifest.exists():
                raise KeyboardInterrupt from None
            tell(f"bakeoff: interrupted; go on with: {_resume_command(folder)}")
            return EXIT_INTERRUPTED
    show_outcome(folder, outcome.comparison, as_json=arguments.json)
    if outcome.problems:
        tell(f"bakeoff: not done on {len(outcome.problems)} device(s); when mended: {_resume_command(folder)}")
    return EXIT_INCOMPLETE if outcome.problems else EXIT_DONE


def _remind() -> None:
    """Say what the last note in the journal leaves open, where there is one."""
    from harness.history.open_question import last_question

    question = last_question()
    if question is not None:
        tell(f"bakeoff: your last note asks: {question}")


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    from harness.errors import UserError

    if (arguments.experiment is None) == (arguments.resume is None):
        raise UserError("give an experiment, or --resume RUN", "For example: bakeoff run experiment.toml -d local")
    if arguments.resume is not None:
        given = {"-d": arguments.device, "--out": arguments.out, "--pairs": arguments.pairs, "--quick": arguments.quick}
        given |= {"--runner": arguments.runner, "--no-wait": arguments.no_wait}
        extra = [option for option, value in given.items() if value]
        if extra:
            raise UserError(f"{extra[0]} cannot be given with --resume: a run goes on as it was begun", "Leave it out.")


def _resume_command(folder: RunFolder) -> str:
    return f"bakeoff run --resume {shlex.quote(str(folder.path))}"


def _pairs(text: str) -> int:
    try:
        pairs = int(text)
    except ValueError:
        pairs = 0
    if not 2 <= pairs <= 10_000:
        raise argparse.ArgumentTypeError(f"a number from 2 to 10000 is needed, not {text!r}")
    return pairs
