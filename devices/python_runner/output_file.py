"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class OutputNotWrittenError(OSError):
    """The disk did not take an output of a model. That is no failure of the arm."""


def make_folders(folder: Path) -> None:
    """The folder and those above it, as far as they are not there; nobody else on the device may look into them."""
    if not folder.is_dir():
        make_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def write_whole(path: Path, content: memoryview) -> None:
    """On disk under its name only when whole: a record of it may outlive a power loss. Raises OutputNotWrittenError."""
    temporary = path.with_name(path.name + ".part")
    try:
        make_folders(path.parent)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()  # on a full disk its bytes are wanted
        raise OutputNotWrittenError(f"{path} cannot be written: {error.strerror}") from error
