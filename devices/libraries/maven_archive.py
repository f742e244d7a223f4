"""Archives by their Maven coordinates, where engineers' own tools have left them: Maven's and Gradle's caches.

Both are checked against the SHA-1 that stands beside the file (Maven) or in its path (Gradle).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DIGITS: Final = {"sha512": 128, "sha256": 64, "sha1": 40}
CHECKSUM_KINDS: Final = tuple(_DIGITS)
"""Files that repositories may have beside an archive, by how much they say: the best first."""


@dataclass(frozen=True)
class Coordinates:
    """One release of one archive."""

    group: str
    artifact: str
    version: str

    @property
    def file_name(self) -> str:
        """As repositories call it."""
        return f"{self.artifact}-{self.version}.aar"

    @property
    def folder(self) -> str:
        """Of all versions, below a repository's root: https://maven.apache.org/repositories/layout.html."""
        return f"{self.group.replace('.', '/')}/{self.artifact}"

    @property
    def path(self) -> str:
        """Below a repository's root."""
        return f"{self.folder}/{self.version}/{self.file_name}"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


@dataclass(frozen=True)
class FoundArchive:
    """An archive on this host."""

    path: Path
    sha256: str
    place: str
    """Where it lies, for the record."""


def archive_on_this_host(coordinates: Coordinates) -> FoundArchive | None:
    """The archive from `~/.m2/repository` or from Gradle's cache, whichever has it whole; None where neither has."""
    for path, sha1, place in [*_in_maven(coordinates), *_in_gradle(coordinates)]:
        if sha1 is None or file_hash(path, "sha1") == sha1:
            return FoundArchive(path, file_hash(path, "sha256"), place)
    return None


def _in_maven(coordinates: Coordinates) -> Iterator[tuple[Path, str | None, str]]:
    path = Path("~/.m2/repository").expanduser() / coordinates.path
    if path.is_file():
        beside = path.with_name(f"{path.name}.sha1")
        text = beside.read_text(encoding="utf-8", errors="replace") if beside.is_file() else ""
        yield path, checksum_in(text, "sha1"), "Maven's local repository"


def _in_gradle(coordinates: Coordinates) -> Iterator[tuple[Path, str | None, str]]:
    home = Path(os.environ.get("GRADLE_USER_HOME") or "~/.gradle").expanduser()
    folder = home / "caches" / "modules-2" / "files-2.1" / coordinates.group / coordinates.artifact
    for path in sorted((folder / coordinates.version).glob(f"*/{coordinates.file_name}")):
        yield path, path.parent.name.lower().zfill(40), "Gradle's cache"  # Gradle drops leading zeros


def checksum_in(text: str, kind: str) -> str | None:
    """The digest in a file of one of `CHECKSUM_KINDS`, whose first word it is; None where there is none."""
    found = re.match(rf"\s*([0-9a-fA-F]{{{_DIGITS[kind]}}})(?![0-9a-fA-F])", text)
    return found[1].lower() if found else None


def file_hash(path: Path, kind: str) -> str:
    """In lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()
