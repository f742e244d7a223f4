"""Writing to whoever reads us: it may have gone, may know no Unicode, or may never have been there."""

from __future__ import annotations

import contextlib
import os
import sys

from harness.printable import printable


def tell(line: str) -> None:
    """A line for the person, on stderr. One who is not there is not told."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(printable(line), file=sys.stderr, flush=True)


def show_anything() -> None:
    """Where the terminal's encoding lacks a character, show its escape instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def flush_stdout() -> None:
    """Write out what is left. Raises BrokenPipeError where the reader has gone."""
    if sys.stdout is not None:
        sys.stdout.flush()


def stdout_is_gone() -> bool:
    """Whether nobody reads our stdout any more (`| head`)."""
    try:
        flush_stdout()
    except OSError:
        return True
    return False


def silence_stdout() -> None:
    """Say nothing more on stdout, also not when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
