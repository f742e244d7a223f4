"""Tables as comma-separated values (RFC 4180), for spreadsheets and data frames.

Numbers are written in full and in stored units; what is unavailable is an empty cell. A spreadsheet takes a text that
begins with one of `= + - @` for a formula and would run it: such a text gets an apostrophe before it, which
spreadsheets read as "this is text".
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence

from reports.inert_text import inert

Cell = str | float | int | None

_FORMULA = ("=", "+", "-", "@")


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A header and its rows, in UTF-8 with CRLF ends of lines."""
    return lines([columns]) + lines(rows)


def lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Rows without a header, for a table that is written part by part."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_written(cell) for cell in row])
    return stream.getvalue().encode()


def _written(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, str):
        text = inert(cell)
        return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
    return repr(cell)
