"""records.jsonl on this side: a prefix of the device's file, whole lines only, each of them a record of its plan."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from devices.errors import PermanentError
from harness.documents.folder import DiskError
from harness.documents.record_intake import NotARecordError

if TYPE_CHECKING:
    from harness.documents.record_intake import RecordIntake
    from harness.documents.records import Record

REFUSED_NAME = "refused.txt"
"""Beside the records: what was sent in a record's place, as it came."""
_REFUSED_BYTES = 1 << 20


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
            size = kept = file.seek(0, os.SEEK_END)
            while kept > 0:
                begin = max(0, kept - (1 << 16))
                file.seek(begin)
                newline = file.read(kept - begin).rfind(b"\n")
                if newline >= 0:
                    kept = begin + newline + 1
                    break
                kept = begin
            if kept < size:
                file.truncate(kept)

    def read(self, intake: RecordIntake) -> Iterator[Record]:
        """Every record that is here, counted by `intake`. Raises `PermanentError` for a line that is none."""
        if not self._path.exists():
            return
        longest = intake.allowance.line_bytes + 1
        with self._path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(longest), b""), start=1):
                try:
                    [record] = intake.read([line.removesuffix(b"\n")])
                except NotARecordError as error:
                    raise PermanentError(
                        f"{self._path}, line {number}: is not a record: {error}",
                        "The file was damaged here or on the device: start a new run.",
                    ) from None
                intake.accept([line.removesuffix(b"\n")])
                yield record

    def append(self, lines: Sequence[bytes], intake: RecordIntake) -> list[Record]:
        """Add whole lines, on disk when this returns, and give them back read: all of them or none.

        Raises `DiskError`, `NotARecordError`, and `BeyondPlanError`.
        """
        records = intake.read(lines)
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
        intake.accept(lines)
        return records

    def keep_refused(self, lines: Sequence[bytes]) -> Path:
        """Put lines that are no records aside, the first megabyte of them; returns where. Raises `DiskError`."""
        from harness.documents.folder import write_atomically

        path = self._path.with_name(REFUSED_NAME)
        write_atomically(path, b"".join(line + b"\n" for line in lines)[:_REFUSED_BYTES])
        return path
