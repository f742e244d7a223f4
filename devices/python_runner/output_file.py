"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class OutputNotWrittenError(OSError):
    """The disk did not take an output of a model. That is no failure of the arm."""


def write_whole(path: Path, content: memoryview) -> None:
    """On disk under its name only when whole: a record of it may outlive a power loss. Raises OutputNotWrittenError."""
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()  # on a full disk its bytes are wanted
        raise OutputNotWrittenError(f"{path} cannot be written: {error.strerror}") from error
