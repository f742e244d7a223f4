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

from harness.cli.console import tell

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
    from devices.errors import DeviceError
    from harness.errors import UserError
    from harness.runs.session.stop_request import InterruptedRunError

    try:
        return _execute(arguments)
    except InterruptedRunError:
        tell("bakeoff: interrupted; the same command goes on")
        from harness.cli.main import EXIT_INTERRUPTED

        return EXIT_INTERRUPTED
    except (UserError, DeviceError, OSError):
        raise  # said in a line or two by main
    except Exception:
        import traceback

        traceback.print_exc()
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
    if arguments.json:
        sys.stdout.flush()
        sys.stdout.buffer.write((result.nightly.model_dump_json(indent=2, by_alias=True) + "\n").encode())
    else:
        _show(result)
    return result.nightly.exit_code


def _show(result: NightResult) -> None:
    from harness.words.printable import printable

    nightly = result.nightly
    lines = [f"{nightly.suite}, night of {nightly.night}: {nightly.outcome}", nightly.sentence]
    lines += [f"warning: {text}" for text in nightly.warnings]
    if result.is_stored:
        lines.append("This night was done before; --again measures it anew.")
    lines.append(f"{result.folder / 'nightly.json'}")
    for line in lines:
        print(printable(line))
