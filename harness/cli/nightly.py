"""`bakeoff nightly`: a suite of experiments on devices, unattended.

Exit codes: 0 everything was measured and nothing got worse; 1 a regression was confirmed; 2 nothing could be measured,
or what was asked for is wrong; 3 a part could not be measured or judged; 70 a fault of bakeoff's own (never 1, which
says that a model got worse); 130 interrupted, and the same command goes on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.cli.console import silence_stdout, tell
from harness.cli.outcome import show_bytes
from harness.words.printable import printable

if TYPE_CHECKING:
    from harness.commands.nightly.run_night import NightResult

EXIT_OWN_FAULT: Final = 70
"""EX_SOFTWARE of sysexits.h."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("suite", type=Path, metavar="SUITE", help="suite.toml")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the nights (default: the suite's `nights`, beside it)"
    )
    parser.add_argument("--night", metavar="DATE", help="the night it is of, such as 2026-11-30 (default: today)")
    parser.add_argument(
        "--again",
        action="store_true",
        help="measure the whole night anew, though it is done (default: say what it was)",
    )
    parser.add_argument("--json", action="store_true", help="print nightly.json on stdout and nothing else there")


def execute(arguments: argparse.Namespace) -> int:
    """Measure, or go on, or say what the night came to."""
    try:
        return _execute(arguments)
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise  # said in a line or two by main
        return code


def _code_of(error: Exception) -> int | None:
    """The exit code for a night that was not done; None where `main` says what the user can mend, and ends with 2."""
    import traceback

    from devices.errors import DeviceError
    from harness.cli.main import EXIT_INTERRUPTED
    from harness.errors import UserError
    from harness.runs.session.stop_request import InterruptedRunError

    if isinstance(error, InterruptedRunError):
        tell("bakeoff: interrupted; the same command goes on")
        return EXIT_INTERRUPTED
    if isinstance(error, (UserError, DeviceError)) or (isinstance(error, OSError) and error.filename is not None):
        return None
    traceback.print_exception(error)
    tell("bakeoff: this is a fault of bakeoff's own, and says nothing of the models; the same command goes on")
    return EXIT_OWN_FAULT


def _execute(arguments: argparse.Namespace) -> int:
    from harness.commands.nightly.run_night import NightOptions, run_night
    from harness.nightly.suite_file import read_suite
    from harness.runs.session.progress import shown_progress

    options = NightOptions(arguments.night, arguments.again, arguments.out)
    suite = read_suite(arguments.suite)
    with shown_progress() as progress:
        result = run_night(suite, options, progress)
    _show(result, as_json=arguments.json)
    return result.nightly.exit_code


def _show(result: NightResult, *, as_json: bool) -> None:
    """A stdout that is closed, or whose reader has gone, changes nothing of what the night came to."""
    if sys.stdout is None:
        return
    try:
        if as_json:
            show_bytes((result.nightly.model_dump_json(indent=2, by_alias=True) + "\n").encode())
        else:
            for line in _lines(result):
                print(printable(line))
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def _lines(result: NightResult) -> list[str]:
    nightly = result.nightly
    lines = [f"{nightly.suite}, night of {nightly.night}: {nightly.outcome}", nightly.sentence]
    lines += [f"warning: {text}" for text in nightly.warnings]
    if result.is_stored:
        lines.append("This night was done before; --again measures it anew.")
    return [*lines, str(result.folder / "nightly.json")]
