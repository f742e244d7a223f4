"""`bakeoff doctor`: what can be measured on a device, how precisely, what is in the way, and what to do."""

from __future__ import annotations

import argparse
import math
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "devices", nargs="*", metavar="DEVICE", help="as for `bakeoff run -d` (default: local); one after the other"
    )
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=1.0,
        metavar="N",
        help="how long two equal builds are measured to see the device's noise (default: 1)",
    )
    parser.add_argument("--no-calibration", action="store_true", help="only look, measure nothing")
    parser.add_argument(
        "--model", type=Path, metavar="FILE", help="calibrate with this model instead of a small convolution"
    )
    parser.add_argument(
        "--runtime",
        metavar="NAME",
        help="its runtime, as in experiment.toml (default: the first that opens models of its format)",
    )
    parser.add_argument(
        "--scale",
        type=int,
        choices=range(1, 17),
        metavar="N",
        help="how many times larger its outputs are than its inputs (default: what its file says)",
    )
    parser.add_argument("--json", action="store_true", help="print the profiles as JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Examine each device; one that does not answer is shown with the reason."""
    import json
    import sys

    from harness.cli.console import rich_console
    from harness.cli.main import EXIT_DONE, EXIT_INCOMPLETE, EXIT_USER
    from harness.commands.examine import examine
    from harness.doctor.calibration_experiment import CalibrationModel
    from harness.runs.session.progress import shown_progress
    from harness.runs.session.stop_request import InterruptedRunError
    from reports.doctor_terminal import render_examined

    _refuse_contradictions(arguments)
    model = CalibrationModel(arguments.model, arguments.runtime, arguments.scale)
    minutes = None if arguments.no_calibration else arguments.minutes
    try:
        with shown_progress() as progress:
            found = [
                each
                for name in dict.fromkeys(arguments.devices or ["local"])
                for each in examine(name, model, minutes, progress)
            ]
    except InterruptedRunError:
        raise KeyboardInterrupt from None
    if arguments.json:
        shown = [
            each.profile.model_dump(mode="json", by_alias=True)
            if each.profile is not None
            else {"device": each.device, "problem": each.problem, "remedy": each.remedy}
            for each in found
        ]
        json.dump(shown, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        render_examined(found, rich_console())
    if all(each.profile is None for each in found):
        return EXIT_USER
    return EXIT_DONE if all(each.is_whole for each in found) else EXIT_INCOMPLETE


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    from harness.errors import UserError

    given = {"--model": arguments.model, "--runtime": arguments.runtime, "--scale": arguments.scale}
    extra = [option for option, value in given.items() if value is not None]
    if arguments.no_calibration and extra:
        raise UserError(f"{extra[0]} cannot be given with --no-calibration: nothing is measured then", "Leave one out.")


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0.0 < minutes <= 120.0:
        raise argparse.ArgumentTypeError(f"a number above 0 and up to 120 is needed, not {text!r}")
    return minutes
