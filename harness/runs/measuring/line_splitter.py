"""Whole lines out of a stream that comes in pieces."""

from __future__ import annotations


class LineTooLongError(ValueError):
    """More came without an end of line than a line may have."""


class LineSplitter:
    """Looks at every byte once, however long a line is, and keeps no more of it than a line may have."""

    def __init__(self, longest_bytes: int) -> None:
        self._longest_bytes = longest_bytes
        self._unfinished: list[bytes] = []
        self._unfinished_bytes = 0

    def take(self, chunk: bytes) -> list[bytes]:
        """The lines that this piece ends, without their newlines. Raises `LineTooLongError`."""
        *ended, rest = chunk.split(b"\n")
        if ended:
            ended[0] = b"".join([*self._unfinished, ended[0]])
            self._unfinished, self._unfinished_bytes = [], 0
        self._unfinished.append(rest)
        self._unfinished_bytes += len(rest)
        if self._unfinished_bytes > self._longest_bytes or any(len(line) > self._longest_bytes for line in ended):
            raise LineTooLongError(f"a line of more than {self._longest_bytes} bytes")
        return ended
