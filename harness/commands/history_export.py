"""Results of a history as CSV or Parquet, part by part: a million rows need no more memory than a thousand."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import Connection

from harness.commands.history_query import checked
from harness.documents.folder import DiskError
from harness.history.read_results import COLUMNS, every_result
from reports.exports.csv_cells import lines

if TYPE_CHECKING:
    from harness.history.read_series import Wanted
    from harness.history.store import History

_Part = list[tuple[Any, ...]]
_NUMBERS: Final = ("estimate", "low", "high", "level", "baseline_value", "candidate_value")
_COUNTS: Final = ("n", "attempt")


def export_results(history: History, wanted: Wanted, kind: Literal["csv", "parquet"], out: Path) -> int:
    """Write the results that are wanted, the oldest first; returns how many. `out` is there whole or as it was.

    Raises `UserError` for a name that the history does not have, and `DiskError`.
    """
    checked(history, wanted)
    temporary = out.parent / f".part-{secrets.token_hex(8)}"
    write = _write_csv if kind == "csv" else _write_parquet
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                count = history.read(lambda connection: write(file, every_result(connection, wanted)))
            temporary.replace(out)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DiskError.of(out, error) from None
    return count


def csv_of(history: History, wanted: Wanted, stream: IO[bytes]) -> int:
    """Write the results as CSV into `stream`; returns how many. Raises as `export_results` does, and OSError."""
    checked(history, wanted)

    def write(connection: Connection) -> int:
        return _write_csv(stream, every_result(connection, wanted))

    return history.read(write)


def _write_csv(file: IO[bytes], parts: Iterator[_Part]) -> int:
    count = 0
    file.write(lines([COLUMNS]))
    for part in parts:
        file.write(lines([[_cell(value) for value in row] for row in part]))
        count += len(part)
    return count


def _cell(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def _write_parquet(file: IO[bytes], parts: Iterator[_Part]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: dict[str, Any] = dict.fromkeys(COLUMNS, pa.string())
    types |= dict.fromkeys(_NUMBERS, pa.float64()) | dict.fromkeys(_COUNTS, pa.int64())
    types["measured_at"] = pa.timestamp("us", tz="UTC")
    schema = pa.schema([pa.field(name, types[name]) for name in COLUMNS])
    count = 0
    with pq.ParquetWriter(file, schema) as writer:
        for part in parts:
            columns = [list(column) for column in zip(*part, strict=True)]
            arrays = [pa.array(values, types[name]) for name, values in zip(COLUMNS, columns, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(part)
    return count
