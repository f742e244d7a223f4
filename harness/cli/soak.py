"""`bakeoff soak`: hours or days of one arm on devices, followed, left to themselves, or looked at."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.bounded_number import bounded_number
from harness.cli.console import tell
from harness.cli.trust import add_trust, asking_first

if TYPE_CHECKING:
    from harness.documents.soak_folder import SoakFolder
    from harness.documents.soak_result import Activity
    from harness.runs.session.progress import Progress

DEFAULT_HOURS, DEFAULT_WINDOW_S = 72.0, 60.0
MOST_HOURS, MOST_WINDOW_S = 24.0 * 366, 3600.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("experiment", nargs="?", type=Path, metavar="EXPERIMENT", help="experiment.toml")
    parser.add_argument("--arm", metavar="NAME", help="the arm that infers (default: the only candidate)")
    parser.add_argument(
        "-d",
        "--device",
        action="append",
        metavar="DEVICE",
        help="local, ssh://[user@]host[:port], adb, adb:SERIAL or adb:*; may be given several times (default: local)",
    )
    parser.add_argument("--hours", type=_hours, metavar="H", help=f"how long (default: {DEFAULT_HOURS:g})")
    parser.add_argument(
        "--window", type=_window, metavar="S", help=f"seconds that one record sums up (default: {DEFAULT_WINDOW_S:g})"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the soak (default: runs/TIME-NAME-soak)")
    parser.add_argument(
        "--runner",
        choices=["python", "native"],
        help="what runs the model there (default: what fits each device; `bakeoff devices` says which and why)",
    )
    parser.add_argument("--detach", action="store_true", help="leave the devices to it and return")
    parser.add_argument("--resume", type=Path, metavar="DIR", help="go on with a soak that was cut or left")
    parser.add_argument("--status", type=Path, metavar="DIR", help="show what is known by now; changes nothing there")
    add_trust(parser)
    parser.add_argument(
        "--share",
        choices=("aliases", "names"),
        default="aliases",
        metavar="WHAT",
        help="what the page tells of devices, as for bakeoff report: aliases (the default), or names, as result.json "
        "has them (the page is then report.local.html)",
    )
    parser.add_argument("--json", action="store_true", help="print result.json on stdout and nothing else there")


def execute(arguments: argparse.Namespace) -> int:
    """Soak and report, or look."""
    return asking_first(arguments, _execute)


def _execute(arguments: argparse.Namespace) -> int:
    from harness.analysis.soak.analyze import analyze_soak
    from harness.cli.main import EXIT_DONE, EXIT_INCOMPLETE, EXIT_INTERRUPTED
    from harness.cli.outcome import show_soak
    from harness.commands.recompute_soak import write_soak
    from harness.commands.soak_look import look
    from harness.runs.session.progress import shown_progress
    from harness.runs.session.stop_request import InterruptedRunError

    _refuse_contradictions(arguments)
    folder = _folder(arguments)
    problems: dict[str, str] = {}
    interrupted = False
    activity: Mapping[str, Activity] = {}
    with shown_progress() as progress:
        try:
            if arguments.status is not None:
                activity = look(folder, progress, trusted=arguments.trust)
            else:
                problems = _soak(arguments, folder, progress)
        except (InterruptedRunError, KeyboardInterrupt):
            if arguments.status is not None or not folder.manifest.exists():
                raise KeyboardInterrupt from None
            interrupted = True
    if arguments.detach:
        activity = {entry.name: "at work" for entry in folder.read_manifest().devices if entry.name not in problems}
    result = analyze_soak(folder, activity)
    names_told = arguments.share == "names"
    write_soak(folder, result, names_told=names_told)
    show_soak(result, folder.local_report if names_told else folder.report, as_json=arguments.json)
    failed = problems or any(device.status == "failed" for device in result.devices)
    if interrupted:
        tell(f"bakeoff: interrupted; go on with: {_command('--resume', folder)}")
        return EXIT_INTERRUPTED
    if problems:
        tell(f"bakeoff: not done on {len(problems)} device(s); when mended: {_command('--resume', folder)}")
    if arguments.detach and len(problems) < len(result.devices):
        tell(f"bakeoff: at work by itself; look with: {_command('--status', folder)}")
        tell(f"bakeoff: and fetch all of it with: {_command('--resume', folder)}")
    return EXIT_INCOMPLETE if failed and arguments.status is None else EXIT_DONE


def _soak(arguments: argparse.Namespace, folder: SoakFolder, progress: Progress) -> dict[str, str]:
    from harness.commands.soak import SoakAsked, resume_soak, start_soak
    from harness.documents.soak_manifest import SoakLength
    from harness.experiment.file import read_experiment

    if arguments.resume is not None:
        return resume_soak(folder, progress, detach=arguments.detach, trusted=arguments.trust)
    hours = arguments.hours or DEFAULT_HOURS
    length = SoakLength(hours, min(arguments.window or DEFAULT_WINDOW_S, hours * 3600.0))
    asked = SoakAsked(arguments.arm, length, arguments.runner)
    file = read_experiment(arguments.experiment)
    return start_soak(file, arguments.device or ["local"], folder, asked, progress, detach=arguments.detach)


def _folder(arguments: argparse.Namespace) -> SoakFolder:
    from harness.documents.soak_folder import SoakFolder
    from harness.experiment.file import read_experiment
    from harness.runs.session.new_folder import new_folder

    there = arguments.resume or arguments.status
    if there is not None:
        folder = SoakFolder(there)
        folder.read_manifest()  # a folder that is no soak is left as it is
        return folder
    return new_folder(SoakFolder, arguments.out, f"{read_experiment(arguments.experiment).experiment.name}-soak")


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    from harness.errors import UserError

    given = [arguments.experiment, arguments.resume, arguments.status]
    if sum(each is not None for each in given) != 1:
        raise UserError(
            "give an experiment, or --resume DIR, or --status DIR",
            "For example: bakeoff soak experiment.toml -d adb --hours 72",
        )
    if arguments.experiment is not None:
        return
    names = ("arm", "device", "hours", "window", "out", "runner")
    extra = ["-d" if name == "device" else f"--{name}" for name in names if getattr(arguments, name) is not None]
    extra += ["--detach"] if arguments.status is not None and arguments.detach else []
    if extra:
        which = "--resume" if arguments.resume is not None else "--status"
        raise UserError(f"{extra[0]} cannot be given with {which}: a soak goes on as it was begun", "Leave it out.")


def _command(option: str, folder: SoakFolder) -> str:
    return f"bakeoff soak {option} {shlex.quote(str(folder.path))}"


def _hours(text: str) -> float:
    return bounded_number(text, MOST_HOURS, "hours")


def _window(text: str) -> float:
    return bounded_number(text, MOST_WINDOW_S, "seconds")
