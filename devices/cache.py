"""Where what was downloaded or built is kept on this computer."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import Final

CACHE_VARIABLE = "BAKEOFF_CACHE"
_OLD_S: Final = 86_400.0


def cache_folder() -> Path:
    """`$BAKEOFF_CACHE`, or `~/.cache/bakeoff`."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/bakeoff").expanduser()


def write_in_cache(path: Path, content: bytes) -> None:
    """Write a file whole: who reads meanwhile sees what was there before, or all of it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(part).replace(path)


def sweep_parts(folder: Path) -> None:
    """Remove files that were being written in `folder` (`.part-…`) when their process was killed: those of a day ago.
    A younger one may be somebody's who writes it just now.
    """
    for part in folder.glob(".part-*"):
        with contextlib.suppress(OSError):
            if time.time() - part.lstat().st_mtime >= _OLD_S:
                part.unlink()
