"""Asking before somebody else's run is gone on with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from harness.cli.console import tell


def add_trust(parser: argparse.ArgumentParser) -> None:
    """The option that answers beforehand."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="go on though it was begun by somebody else, or on another computer: connects to the devices it names",
    )


def asking_first(arguments: argparse.Namespace, execute: Callable[[argparse.Namespace], int]) -> int:
    """Execute; where that would connect to devices that a stranger's folder names, ask whoever sits at the terminal."""
    from harness.runs.session.begun_here import BegunElsewhereError

    try:
        return execute(arguments)
    except BegunElsewhereError as error:
        if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
            raise
        tell(f"bakeoff: {error.what}")
        tell("Programs would be started there as this folder says. Go on? [y/N]")
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise
    arguments.trust = True
    return execute(arguments)
