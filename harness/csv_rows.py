"""The rows of a CSV file that somebody wrote by hand or by a program: refused in words by line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UserError


def csv_rows(content: bytes, path: Path, header: Sequence[str], remedy: str) -> list[tuple[int, list[str]]]:
    """The rows with the numbers of their lines, without the first, which must be `header`, and without empty ones.

    Raises `UserError`: no UTF-8, no CSV, another first line; `remedy` says what the file should be like. How many
    columns a row has is the caller's to say.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start})", "Save it as CSV in UTF-8.") from None
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UserError(f"{path}: line {reader.line_num}: is not CSV: {error}", remedy) from None
    if not rows or [cell.strip().lower() for cell in rows[0][1]] != list(header):
        raise UserError(f"{path}: line 1: is not {','.join(header)}", remedy)
    return rows[1:]
