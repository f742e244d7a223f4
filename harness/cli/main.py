"""`bakeoff`: arguments, exit codes, errors in one or two lines. Nothing heavy is imported before a command is known.

Exit codes: 0 done, 1 a fault of bakeoff's own, 2 something to be mended by the user, 3 done but not on every device,
130 interrupted (the run can be resumed).
"""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import warnings
from collections.abc import Sequence

from harness import __version__
from harness.cli import console
from harness.cli.completers import complete

COMMANDS = {
    "init": "write a commented experiment.toml for two models and your data",
    "data": "make inputs from references, or say what is odd in a folder of them",
    "check": "validate everything that can be, without measuring",
    "run": "measure on devices, compare, decide, and write the report",
    "nightly": "measure a suite of experiments on devices, unattended, and say what changed",
    "soak": "infer for hours or days: does it leak, slow down or overheat?",
    "parity": "find the layer of a converted model that departs from its original",
    "web-check": "try a model in every engine and backend of a browser, before anything is measured",
    "bisect": "find the commit that made a model slower, by paired runs on one device",
    "monitor": "watch a deployed model on devices, as live metrics on a port",
    "report": "redraw a run's report from its comparison.json",
    "compare": "set candidates of earlier runs side by side, where that can be",
    "index": "write a page with all runs of a folder, to search in",
    "open": "open the newest report",
    "analyze": "recompute a run from its records and outputs, without a device",
    "votes": "ask people which build looks better, blind, and join what they say",
    "devices": "show what is there and what can be measured on it",
    "doctor": "find what a device measures, how precisely, and what is in the way",
    "read": "show the numbers that another benchmark tool printed",
    "history": "what was measured over the nights: list, show, plot, export, import, prune, check",
    "note": "write down what you tried, and what is still open",
    "journal": "notes, verdicts and confirmed changes as one log",
    "runner": "build the runner that devices without Python use",
    "completion": "print what bash, zsh or fish needs to complete bakeoff's words",
    "schema": "print the JSON Schema of a file bakeoff reads or writes",
}

EXIT_DONE, EXIT_FAULT, EXIT_USER, EXIT_INCOMPLETE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


def make_parser() -> argparse.ArgumentParser:
    """The parser with every command."""
    parser = argparse.ArgumentParser(
        prog="bakeoff",
        description="Two builds of a model, on the devices that will run them: which one ships?",
        epilog="Start with: bakeoff init --baseline a.onnx --candidate b.onnx --inputs lr/ --references hr/",
    )
    parser.add_argument("--version", action="version", version=f"bakeoff {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        importlib.import_module(f"harness.cli.{_module(name)}").configure(command)
    return parser


def _module(command: str) -> str:
    return command.replace("-", "_")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    from harness.runs.session.stop_request import signals_as_interrupts

    parser = make_parser()
    complete(parser)
    arguments = parser.parse_args(argv)
    command = importlib.import_module(f"harness.cli.{_module(arguments.command)}")
    try:
        with signals_as_interrupts():
            code = int(command.execute(arguments))
            console.flush_stdout()
            return code
    except KeyboardInterrupt:
        console.tell("bakeoff: interrupted")
        return EXIT_INTERRUPTED
    except Exception as error:
        if isinstance(error, BrokenPipeError) and console.stdout_is_gone():
            console.silence_stdout()
            return EXIT_DONE
        message = _for_user(error)
        if message is None:
            raise
        for line in message:
            console.tell(line)
        return EXIT_USER


def entry_point() -> None:
    """For the installed command."""
    # Nothing of a command's start is ever garbage: looking through it again and again took a tenth of a whole analysis.
    gc.set_threshold(100_000, 20, 100)
    console.show_anything()
    # What its readers of files remark on damaged ones is said by our own errors, in one line.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    sys.exit(main())


def _for_user(error: Exception) -> list[str] | None:
    """The lines for an error that is the user's to mend; None for a bug, which keeps its traceback."""
    from devices.errors import DeviceError
    from harness.errors import UserError

    if isinstance(error, (UserError, DeviceError)):
        return [f"bakeoff: {error.what}", *([f"  {error.remedy}"] if error.remedy else [])]
    if isinstance(error, OSError) and error.filename is not None:
        return [f"bakeoff: {error.filename}: {error.strerror}", *_about_the_cache(str(error.filename))]
    return None


def _about_the_cache(filename: str) -> list[str]:
    """What to do about a file of bakeoff's own on this computer, or a folder above it, that cannot be made."""
    from pathlib import Path

    from devices.cache import CACHE_VARIABLE, cache_folder

    try:
        cache = cache_folder()
    except RuntimeError:  # a user without a home has none
        return []
    is_there = any(str(place) == filename for place in (cache, *cache.parents)) or cache in Path(filename).parents
    return (
        [f"  bakeoff keeps what it builds and fetches there; {CACHE_VARIABLE} names another folder."]
        if is_there
        else []
    )


if __name__ == "__main__":
    entry_point()
