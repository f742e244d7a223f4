"""The operator profile inside the output of `benchmark_model`: a padded table, or CSV with per cents in its cells.

A profile of the initialisation has the same shape and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from devices.benchmark_tools.count_line import Counted, count_line
from devices.benchmark_tools.log_lines import LogLine
from devices.benchmark_tools.printed import Number, tally
from devices.benchmark_tools.tool_run import NOT_PRINTED, Operator
from devices.readings.bounded_number import decimal
from devices.readings.unavailable import Decimal, NotThere

BANNER = re.compile(r"=+ (Run Order|Top by [\w ]+|Summary by node type) =+\s*")
"""A table of a profile."""
TITLE = re.compile(r"(?:Operator-wise )?Profiling Info for (Benchmark Initialization|Regular Benchmark Runs):\s*")
"""What the tables below it are of."""
_TIMINGS = re.compile(r"Timings \(microseconds\): (.*)")
_NODES = re.compile(r"(\d{1,7}) nodes observed\s*")
_OF_INITIALISATION = {"AllocateTensors", "ModifyGraphWithDelegate"}


@dataclass(frozen=True)
class OperatorProfile:
    """Of the runs that were measured."""

    operators: tuple[Operator, ...]
    nodes: Number
    timings: Counted | None
    """The times of the sum of all operators, with the profiler on."""


@dataclass
class _Section:
    """From a title, or from where the last one ended, to the count of its nodes."""

    is_initialisation: bool = False
    kinds: frozenset[str] = frozenset()
    operators: tuple[Operator, ...] = ()
    nodes: Number = NOT_PRINTED
    timings: Counted | None = None
    is_closed: bool = False


def operator_profile(lines: Sequence[LogLine]) -> OperatorProfile | None:
    """The first profile of measured runs; None where there is none."""
    sections = [_Section()]
    for at, line in enumerate(lines):
        title = TITLE.fullmatch(line.text)
        banner = BANNER.fullmatch(line.text.strip())
        if (title or banner) and sections[-1].is_closed:
            sections.append(_Section())
        section = sections[-1]
        if title:
            section.is_initialisation = title[1] == "Benchmark Initialization"
        elif banner:
            rows = _rows(lines, at + 1)
            section.kinds |= {row.kind for row in rows}
            if banner[1] == "Run Order":
                section.operators = _with_shares(rows)
        elif timings := _TIMINGS.fullmatch(line.text):
            section.timings = count_line(timings[1], line.number)
        elif nodes := _NODES.fullmatch(line.text):
            section.nodes = tally(nodes[1], "nodes observed", line.number, 1)
            section.is_closed = True
    for section in sections:
        if section.kinds and not section.is_initialisation and not section.kinds <= _OF_INITIALISATION:
            return OperatorProfile(section.operators, section.nodes, section.timings)
    return None


def _rows(lines: Sequence[LogLine], at: int) -> list[Operator]:
    """The rows under a banner, up to the first line that is none; columns go by the names in the heading, which is line
    `at`.
    """
    if at >= len(lines):
        return []
    columns = [cell.strip("[] ").replace("_", " ").lower() for cell in _cells(lines[at].text, None)]
    if "node type" not in columns or "avg ms" not in columns:
        return []
    rows: list[Operator] = []
    for place in range(at + 1, len(lines)):
        line = lines[place]
        cells = _cells(line.text, len(columns))
        if len(cells) != len(columns):
            break
        row = dict(zip(columns, cells, strict=True))
        average = decimal(row["avg ms"], "avg ms", 0.0, 1e9)
        if isinstance(average, NotThere):
            break
        if average == 0.0:
            average = NotThere("printed as 0: less than the table's last digit")
        rows.append(
            Operator(
                kind=row["node type"],
                name=row.get("name", ""),
                avg_ms=average,
                share_percent=_share(row.get("%")),
                cumulative_percent=_share(row.get("cdf%")),
                line=line.number,
            )
        )
    return rows


def _cells(line: str, columns: int | None) -> list[str]:
    """Tabs and padding, or ", " between cells; the last one may hold either."""
    most = -1 if columns is None else columns - 1
    cells = line.lstrip("\t ").split("\t", most) if "\t" in line.strip() else line.split(", ", most)
    return [cell.strip() for cell in cells]


def _share(text: str | None) -> Decimal:
    if text is None or not text.endswith("%"):
        return NotThere("the table has no such share")
    return decimal(text[:-1], "share", 0.0, 101.0)


def _with_shares(rows: list[Operator]) -> tuple[Operator, ...]:
    """Old builds divide by the time of all runs: 31 operators that are everything add up to 1.993 %."""
    last = rows[-1].cumulative_percent if rows else None
    if not isinstance(last, float) or last >= 99.0:
        return tuple(rows)
    wrong = NotThere(f"the shares of this table add up to {last:g} %, not to 100")
    return tuple(replace(row, share_percent=wrong, cumulative_percent=wrong) for row in rows)
