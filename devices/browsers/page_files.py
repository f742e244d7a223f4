"""The page that measures, as files to be pushed: everything in `devices/browsers/page`, as it is there."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from devices.base import Blob

_FOLDER: Final = Path(__file__).resolve().parent / "page"
_KINDS: Final = {".html", ".js"}


def page_files() -> dict[str, Blob]:
    """Name below the page's address → content."""
    files = {}
    for path in sorted(_FOLDER.rglob("*")):
        if path.suffix in _KINDS and path.is_file():
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            files[path.relative_to(_FOLDER).as_posix()] = Blob(path=path, sha256=digest, bytes=len(content))
    return files
