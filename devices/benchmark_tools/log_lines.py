"""Lines of a tool's output, without what a log writes before each, and apart by process."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.lines import last_line, whole_lines

_LONGEST_LINE = 4096
"""No tool here prints a longer one, and a hostile one is not worth the time."""

# `07-14 13:18:38.406 23449 23449 I tflite  : …` (threadtime) and `[date time ]I/tflite  (23449): …` (brief, time).
_THREADTIME = re.compile(r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6} +(\d{1,7}) +\d{1,7} [VDIWEFS] [^:]{1,60}?\s*: ?(.*)")
_BRIEF = re.compile(r"(?:\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6} )?[VDIWEFS]/[^(]{1,60}\( *(\d{1,7})\): ?(.*)")
_SEVERITY = re.compile(r"(?:VERBOSE|INFO|WARNING): ")


@dataclass(frozen=True)
class LogLine:
    """A message, and where it stood."""

    number: int
    """Counted from 1."""
    text: str


def log_lines(text: str) -> list[LogLine]:
    """All whole lines as they stand; one that is too long is empty."""
    return [
        LogLine(number, line if len(line) <= _LONGEST_LINE else "") for number, line in enumerate(whole_lines(text), 1)
    ]


def lines_by_process(text: str) -> list[list[LogLine]]:
    """The messages of each process of a logcat, apart; all others together. Severities before a message are taken off,
    all but ERROR.
    """
    found: dict[str, list[LogLine]] = {}
    for line in log_lines(text):
        prefix = _THREADTIME.fullmatch(line.text) or _BRIEF.fullmatch(line.text)
        process, message = (prefix[1], prefix[2]) if prefix else ("", line.text)
        severity = _SEVERITY.match(message)
        found.setdefault(process, []).append(LogLine(line.number, message[severity.end() :] if severity else message))
    return list(found.values())


def unfinished_line(text: str) -> LogLine | None:
    """What follows the last line end, with its number; None where the text ends with one."""
    rest = last_line(text)
    return LogLine(text.count("\n") + 1, rest[:_LONGEST_LINE]) if rest.strip() else None
