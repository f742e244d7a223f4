"""Writing to whoever reads us: it may have gone, may know no Unicode, or may never have been there."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from harness.words.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console


def tell(line: str) -> None:
    """A line for the person, on stderr. One who is not there is not told."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(printable(line), file=sys.stderr, flush=True)


def show_listed(line: str, indent: int) -> None:
    """A line of a listing on stdout. On a terminal it is folded between words, and goes on below its own text; a file
    or a pipe has it whole.
    """
    shown = printable(line)
    if sys.stdout is not None and sys.stdout.isatty():
        columns = max(shutil.get_terminal_size().columns, 2 * indent)
        shown = "\n".join(
            textwrap.wrap(shown, columns, subsequent_indent=" " * indent, drop_whitespace=True, break_on_hyphens=False)
        )
    print(shown)


def show_path(path: Path) -> None:
    """Where something is, alone on its line of stdout: a script reads it."""
    if sys.stdout is not None:
        print(printable(str(path)), flush=True)


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
    if sys.stdout is None:
        return True
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError):
        return False


def rich_console() -> Console:
    """A rich console on stdout that raises BrokenPipeError where rich itself would end the program with code 1."""
    from rich.console import Console

    class OurConsole(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return OurConsole()


def silence_stdout() -> None:
    """Say nothing more on stdout, also not when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
