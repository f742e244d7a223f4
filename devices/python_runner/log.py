"""The runner's log."""

from __future__ import annotations

import contextlib
import sys

from devices.python_runner.contract import MESSAGE_MAX_CHARS


def one_line(text: str, max_chars: int = MESSAGE_MAX_CHARS) -> str:
    """The text in one line of at most `max_chars` characters."""
    line = " ".join(text.split())
    return line if len(line) <= max_chars else line[: max(0, max_chars - 1)] + "…"


def log(text: str) -> None:
    """To the runner's log, which is its stderr."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"[runner] {text}\n")
        sys.stderr.flush()
