"""Small files of a run folder as data URIs, each once in a page however often it is shown, up to a limit."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 64_000
"""The most that one file may take: larger ones are no small files of ours."""
_MOST_SIDE: Final = 256


@dataclass(frozen=True)
class SmallFile:
    """One file as it stands in the page."""

    symbol: str
    """The id by which it is shown wherever it is wanted."""
    source: str
    """Its data URI."""
    width: int
    height: int


class SmallFiles:
    """Reads WebP files of one run folder until `limit_bytes` are used up."""

    def __init__(self, run_folder: Path, limit_bytes: int) -> None:
        self._run_folder = run_folder.resolve()
        self._known: dict[str, SmallFile | None] = {}
        self._left_bytes = limit_bytes
        self._all_bytes = limit_bytes

    @property
    def used_bytes(self) -> int:
        """By all that was taken."""
        return self._all_bytes - self._left_bytes

    @property
    def left_bytes(self) -> int:
        """For what comes."""
        return self._left_bytes

    @property
    def symbols(self) -> list[SmallFile]:
        """All that were taken, in their order."""
        return [one for one in self._known.values() if one is not None]

    def take(self, path: str | None, limit_bytes: int) -> SmallFile | None:
        """The file at `path`, relative to the run folder; None where it is not there, is none of these, or takes more
        than `limit_bytes` or what is left. One that was taken before takes nothing.
        """
        if path is None:
            return None
        if path in self._known:
            return self._known[path]
        content = self._read(path)
        size = None if content is None else _size(content)
        if content is None or size is None:
            self._known[path] = None
            return None
        if len(content) > min(limit_bytes, self._left_bytes):
            return None
        self._left_bytes -= len(content)
        uri = f"data:image/webp;base64,{base64.b64encode(content).decode('ascii')}"
        self._known[path] = SmallFile(f"s{len(self._known)}", uri, *size)
        return self._known[path]

    def take_all(self, paths: dict[str, str], limit_bytes: int) -> dict[str, SmallFile]:
        """All of these, or none where not all of them can be had."""
        taken: dict[str, SmallFile] = {}
        before = self._left_bytes, dict(self._known)
        for role, path in paths.items():
            one = self.take(path, limit_bytes - (before[0] - self._left_bytes))
            if one is None:
                self._left_bytes, self._known = before
                return {}
            taken[role] = one
        return taken

    def _read(self, path: str) -> bytes | None:
        try:
            file = (self._run_folder / path).resolve()
            if not file.is_relative_to(self._run_folder) or file.stat().st_size > _MOST_BYTES:
                return None
            return file.read_bytes()
        except (OSError, ValueError):
            return None


def _size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP file, from its header (RFC 9649, sections 2.5 and 2.6); None for anything else."""
    if len(content) < 30 or content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return None
    if content[12:16] == b"VP8 ":
        width, height = (int.from_bytes(content[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    elif content[12:16] == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        return None
    return (width, height) if 0 < width <= _MOST_SIDE and 0 < height <= _MOST_SIDE else None
