"""records.jsonl on this side: a prefix of the device's file, whole lines only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.documents.folder import DiskError
from harness.errors import UserError


class RecordFile:
    """The records that have come home."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def size_bytes(self) -> int:
        """Length of what is here."""
        return self._path.stat().st_size if self._path.exists() else 0

    def cut_partial_line(self) -> None:
        """Cut off what a crash of this side may have left after the last whole line."""
        if not self._path.exists():
            return
        with self._path.open("rb+") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every record. Raises `UserError` for a line that is none."""
        if not self._path.exists():
            return
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield _parse(line)
                except ValueError:
                    raise UserError(
                        f"{self._path}, line {number}: is not a record",
                        "The file was damaged here or on the device: start a new run.",
                    ) from None

    def append(self, lines: Sequence[bytes]) -> list[dict[str, Any]]:
        """Add whole lines, on disk when this returns, and give them back read: all of them or none.

        Raises `DiskError`, and ValueError for a line that is no record.
        """
        records = [_parse(line) for line in lines]
        before = self.size_bytes
        descriptor = -1
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            content = memoryview(b"".join(line + b"\n" for line in lines))
            while content:
                content = content[os.write(descriptor, content) :]
            os.fsync(descriptor)
        except OSError as error:
            if descriptor >= 0:
                os.ftruncate(descriptor, before)
            raise DiskError.of(self._path, error) from None
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return records

    def outputs(self) -> list[dict[str, Any]]:
        """Output files (`harness.documents.records.OutputFile`) by path; of one written twice (a restarted step)
        the last record counts.
        """
        files: dict[str, dict[str, Any]] = {}
        for record in self:
            if record["record"] == "quality_output":
                files.update({each["path"]: each for each in record["outputs"]})
        return list(files.values())


def _parse(line: bytes) -> dict[str, Any]:
    """Raises ValueError for what is no record."""
    try:
        record: dict[str, Any] = json.loads(line)
        str(record["record"])
    except (KeyError, TypeError) as error:
        raise ValueError("no record") from error
    return record
