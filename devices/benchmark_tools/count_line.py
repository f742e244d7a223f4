"""The line of statistics of `benchmark_model`, in µs: `count=25 first=… curr=… min=… max=… avg=… std=… median=… …`.

Of a single inference it is `count=1 curr=…`; percentiles came in 2025; averages have six digits (`2.95034e+06`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.benchmark_tools.printed import Number, PrintedNumber, tally, time_ms
from devices.readings.unavailable import NotThere

_LINE = re.compile(r"count=\d{1,9}(?: (?:first|curr|min|max|avg|std|p5|median|p95)=[\d.]{1,20}(?:e\+\d\d)?)+\s*")
_MICROSECOND_MS = 1e-3


@dataclass(frozen=True)
class Counted:
    """One such line."""

    line: int
    count: Number
    first_ms: Number
    avg_ms: Number
    figures: dict[str, Number]
    """Latencies under the names that `ToolRun` has for them."""


def count_line(text: str, line: int) -> Counted | None:
    """None where the text is no whole line of this kind."""
    if not _LINE.fullmatch(text):
        return None
    pairs = [word.split("=") for word in text.split()]
    words = dict(pairs)
    if len(words) != len(pairs):
        return None
    count = tally(words["count"], "count", line, 1)

    def figure(name: str) -> Number:
        if name not in words:
            return NotThere(f"the line of statistics of this build has no {name}")
        return time_ms(words[name], name, line, _MICROSECOND_MS)

    if count == PrintedNumber(1, line) and set(words) == {"count", "curr"}:
        only = figure("curr")
        return Counted(line, count, only, only, {"avg_ms": only, "median_ms": only, "min_ms": only, "max_ms": only})
    names = {
        "avg_ms": "avg", "median_ms": "median", "min_ms": "min", "max_ms": "max", "p5_ms": "p5", "p95_ms": "p95",
    }  # fmt: skip
    figures = {field: figure(name) for field, name in names.items()}
    figures["std_ms"] = _spread(words.get("std"), line)
    return Counted(line, count, figure("first"), figures["avg_ms"], figures)


def _spread(text: str | None, line: int) -> Number:
    """Whole µs, rounded down: 0 is less than one."""
    value = time_ms(text, "std", line, _MICROSECOND_MS)
    return PrintedNumber(0.0, line, step=_MICROSECOND_MS) if text == "0" else value


def disagreement(counted: Counted, name: str, told: Number, field: str) -> str:
    """How a summary's average contradicts the line of statistics behind it; empty where it does not."""
    own = counted.first_ms if field == "first" else counted.avg_ms
    if not isinstance(own, PrintedNumber) or not isinstance(told, PrintedNumber):
        return ""
    if abs(own.value - told.value) <= 1e-5 * told.value:
        return ""
    return (
        f"{name} is {own.value:g} ms in line {own.line} and {told.value:g} ms in line {told.line}: "
        "two outputs ran into one"
    )
