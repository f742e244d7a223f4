"""Folders for what is needed only while a command runs, and the end of those that a killed one left behind.

A folder is held by a lock on a file in it, which ends with its process however that ends: what nobody holds is swept
when the next one is made.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PREFIX: Final = "bakeoff-"
_LOCK: Final = ".lock"
_OLD_S: Final = 86_400.0
"""A folder without a lock may be just being made, or a part of a file just being written."""


@contextmanager
def scratch_folder(kind: str = "run") -> Iterator[Path]:
    """A folder of this process alone, gone at the end."""
    sweep_scratch(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{kind}-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # It gets its name once it is held: between making and holding it another process would take the folder for one
        # that was left behind.
        unnamed = folder / f"{_LOCK}-not-held"
        descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            unnamed.rename(folder / _LOCK)
            yield folder
        finally:
            os.close(descriptor)


def sweep_scratch(place: Path) -> None:
    """Remove folders of ours in `place` whose process is gone. What cannot be removed is left."""
    with contextlib.suppress(OSError):
        for folder in place.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                about = folder.lstat()
                if stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid() and _is_left_behind(folder, about):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_left_behind(folder: Path, about: os.stat_result) -> bool:
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return time.time() - about.st_mtime > _OLD_S
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def sweep_parts(folder: Path, *, older_than_s: float = _OLD_S) -> None:
    """Remove files and folders that were being written below `folder` (`.part-…`) when their process was killed."""
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            if not name.startswith(".part-"):
                continue
            part = Path(place) / name
            with contextlib.suppress(OSError):
                if time.time() - part.lstat().st_mtime >= older_than_s:
                    if name in folders:
                        shutil.rmtree(part, ignore_errors=True)
                    else:
                        part.unlink()
        folders[:] = [name for name in folders if not name.startswith(".part-")]
