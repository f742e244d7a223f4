"""records.jsonl, appended and continued."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from devices.python_runner.clock import clock_ns


class UnusableError(Exception):
    """A plan or a records file that cannot be used, with what to do about it."""


class Journal:
    """records.jsonl: appended one whole line a write, on disk before the next step begins."""

    def __init__(self, path: Path, fd: int, past: list[dict[str, Any]]) -> None:
        self.past = past
        self.session = 1 + max((record["session"] for record in past), default=-1)
        self._path = path
        self._fd = fd
        self._next = len(past)

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Reads what earlier sessions wrote and cuts off a last line that was not finished.

        Raises UnusableError where a line in the middle is damaged, OSError where the file cannot be written.
        """
        fd = os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        past, whole_bytes, total_bytes = cls._read(path)
        if whole_bytes < total_bytes:
            os.ftruncate(fd, whole_bytes)
        return cls(path, fd, past)

    @staticmethod
    def _read(path: Path) -> tuple[list[dict[str, Any]], int, int]:
        content = path.read_bytes()
        past: list[dict[str, Any]] = []
        whole_bytes, torn = 0, False
        for line in content.splitlines(keepends=True):
            record = _parse_record(line)
            if record is None:
                torn = True  # a power loss may leave more than one torn line, and nothing whole after them
                continue
            if torn or record["n"] != len(past):
                raise UnusableError(
                    f"{path} is damaged after record {len(past) - 1}: a line is missing or unreadable and whole ones "
                    "follow it. Keep the file aside and start this run again."
                )
            past.append(record)
            whole_bytes += len(line)
        return past, whole_bytes, len(content)

    def write(self, record: str, **fields: Any) -> dict[str, Any]:
        """Appends one record. Raises OSError where the disk does not take it."""
        whole = {"record": record, "n": self._next, "session": self.session, "monotonic_ns": clock_ns(), **fields}
        line = json.dumps(whole, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
        written = os.write(self._fd, line)
        if written != len(line):  # a full disk; the torn line is cut off by the next session
            raise OSError(f"only {written} of {len(line)} bytes of a record went to {self._path}: is the disk full?")
        os.fsync(self._fd)
        self._next += 1
        return whole


def _parse_record(line: bytes) -> dict[str, Any] | None:
    """A whole record; null for a line that was not finished."""
    try:
        record = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    if isinstance(record, dict) and isinstance(record.get("n"), int) and isinstance(record.get("session"), int):
        return record
    return None
