"""What is to be read on a device while it measures. The texts are understood afterwards, here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FileToRead:
    """A small file of /proc or /sys. The id is a name in small letters, digits and `_`."""

    id: str
    path: str


@dataclass(frozen=True)
class CommandToRun:
    """A program whose stdout is kept."""

    id: str
    argv: tuple[str, ...]
    max_bytes: int = 65_536


ToRead = FileToRead | CommandToRun
