"""The hash of a file, or of a folder's files, by which a run knows that an item is still what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from harness.errors import UserError
from harness.plain_file import open_plain_file


def file_sha256(path: Path) -> str:
    """Lower-case hex. Raises `UserError` where the file cannot be read."""
    try:
        with open_plain_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def files_sha256(files: Iterable[Path]) -> str:
    """One hash of several files: of their names and hashes, in the order of their names. Raises `UserError`."""
    whole = hashlib.sha256()
    for path in sorted(files, key=lambda each: each.name):
        whole.update(f"{file_sha256(path)} {path.name}\n".encode())
    return whole.hexdigest()
