"""Lines of a tool's output, without what a log writes before each, and apart by process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from devices.benchmark_tools.log_dress import heading_of_long, undressed
from devices.readings.lines import last_line, whole_lines

_LONGEST_LINE = 4096
"""No tool here prints a longer one, and a hostile one is not worth the time."""

_SEVERITY = re.compile(r"(?:VERBOSE|INFO|WARNING): ")


@dataclass(frozen=True)
class LogLine:
    """A message, and where it stood."""

    number: int
    """Counted from 1."""
    text: str


def log_lines(text: str) -> list[LogLine]:
    """All whole lines as the program printed them, without what a log wrote before them; one that is too long is
    empty.
    """
    return [line for _, line in _undressed(text)]


def lines_by_process(text: str) -> list[list[LogLine]]:
    """The messages of each process of a log, apart; all others together. Indentation and severities before a message
    are taken off, all but ERROR.
    """
    found: dict[str, list[LogLine]] = {}
    for process, line in _undressed(text):
        message = line.text.strip(" ").lstrip("\t")
        severity = _SEVERITY.match(message)
        message = message[severity.end() :] if severity else message
        found.setdefault(process, []).append(LogLine(line.number, message))
    return list(found.values())


@lru_cache(maxsize=1)
def _undressed(text: str) -> tuple[tuple[str, LogLine], ...]:
    """Whose line it is, and the line. Kept for the next tool that is tried on the same text."""
    found: list[tuple[str, LogLine]] = []
    below = ""
    for number, whole in enumerate(whole_lines(text), 1):
        line = whole if len(whole) <= _LONGEST_LINE else ""
        heading = heading_of_long(line)
        if heading is not None:
            below, line = heading, ""
        process, message = undressed(line)
        found.append((process or below, LogLine(number, message)))
    return tuple(found)


def unfinished_line(text: str) -> LogLine | None:
    """What follows the last line end, with its number; None where the text ends with one."""
    rest = last_line(text)
    return LogLine(text.count("\n") + 1, undressed(rest[:_LONGEST_LINE])[1]) if rest.strip() else None
