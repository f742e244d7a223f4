"""`bakeoff`: arguments, exit codes, errors in one or two lines. Nothing heavy is imported before a command is known.

Exit codes: 0 done, 1 a fault of bakeoff's own, 2 something to be mended by the user, 3 done but not on every device,
130 interrupted (the run can be resumed).
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from harness import __version__

COMMANDS = {
    "init": "write a commented experiment.toml for two models and your pictures",
    "check": "validate everything that can be, without measuring",
    "run": "measure on devices, compare, decide, and write the report",
    "report": "redraw a run's report from its comparison.json",
    "analyze": "recompute a run from its records and outputs, without a device",
    "devices": "show what is there and what can be measured on it",
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
        importlib.import_module(f"harness.cli.{name}").configure(command)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = make_parser().parse_args(argv)
    command = importlib.import_module(f"harness.cli.{arguments.command}")
    try:
        return int(command.execute(arguments))
    except KeyboardInterrupt:
        print("bakeoff: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): say nothing more, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except Exception as error:
        message = _for_user(error)
        if message is None:
            raise
        print(f"bakeoff: {message}", file=sys.stderr)
        return EXIT_USER


def entry_point() -> None:
    """For the installed command."""
    sys.exit(main())


def _for_user(error: Exception) -> str | None:
    """The words for an error that is the user's to mend; None for a bug, which keeps its traceback."""
    from devices.errors import DeviceError
    from harness.errors import UserError
    from harness.printable import printable

    if isinstance(error, (UserError, DeviceError)):
        what = printable(error.what)
        return f"{what}\n  {printable(error.remedy)}" if error.remedy else what
    if isinstance(error, OSError) and error.filename is not None:
        return printable(f"{error.filename}: {error.strerror}")
    return None


if __name__ == "__main__":
    entry_point()
