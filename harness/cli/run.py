"""`bakeoff run`: from an experiment to a report, or on with a run that was cut."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("experiment", nargs="?", type=Path, metavar="EXPERIMENT", help="experiment.toml")
    parser.add_argument(
        "-d",
        "--device",
        action="append",
        metavar="DEVICE",
        help="local, or ssh://[user@]host[:port]; may be given several times (default: local)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the run (default: runs/TIME-NAME)")
    parser.add_argument("--pairs", type=_pairs, metavar="N", help="pairs of blocks instead of the experiment's")
    parser.add_argument("--quick", action="store_true", help="few short blocks: for a look, not for a decision")
    parser.add_argument("--json", action="store_true", help="print comparison.json on stdout and nothing else there")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run that was cut")


def execute(arguments: argparse.Namespace) -> int:
    """Measure, analyse, report."""
    from harness.cli.main import EXIT_DONE, EXIT_INCOMPLETE, EXIT_INTERRUPTED
    from harness.cli.outcome import show_outcome
    from harness.errors import UserError
    from harness.experiment_file import read_experiment
    from harness.measure import InterruptedRunError
    from harness.progress import shown_progress
    from harness.recompute import recompute
    from harness.run import Overrides, new_run_folder, resume_run, start_run
    from harness.run_folder import RunFolder

    if (arguments.experiment is None) == (arguments.resume is None):
        raise UserError("give an experiment, or --resume RUN", "For example: bakeoff run experiment.toml -d local")
    with shown_progress(silent=False) as progress:
        try:
            if arguments.resume is not None:
                folder = RunFolder(arguments.resume)
                problems = resume_run(folder, progress)
            else:
                file = read_experiment(arguments.experiment)
                folder = new_run_folder(arguments.out, file.experiment.name)
                overrides = Overrides(pairs=arguments.pairs, quick=arguments.quick)
                problems = start_run(file, arguments.device or ["local"], folder, overrides, progress)
        except InterruptedRunError:
            print(f"bakeoff: interrupted; go on with: bakeoff run --resume {folder.path}", file=sys.stderr)
            return EXIT_INTERRUPTED
        comparison = recompute(folder, progress)
    show_outcome(folder, comparison, as_json=arguments.json)
    if problems:
        print(
            f"bakeoff: not done on {len(problems)} device(s); when mended: bakeoff run --resume {folder.path}",
            file=sys.stderr,
        )
    return EXIT_INCOMPLETE if problems else EXIT_DONE


def _pairs(text: str) -> int:
    try:
        pairs = int(text)
    except ValueError:
        pairs = 0
    if not 2 <= pairs <= 10_000:
        raise argparse.ArgumentTypeError(f"a number from 2 to 10000 is needed, not {text!r}")
    return pairs
