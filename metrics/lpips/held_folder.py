"""A folder for what is downloaded and read once, which says that its process is at work.

It holds a lock on a file in it, as every `bakeoff-…` folder in the place for temporary files does: what a killed
process left is swept by the next command, and what somebody holds is not.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held_folder() -> Iterator[Path]:
    """A folder of this process alone, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="bakeoff-weights-") as name:
        descriptor = os.open(Path(name) / ".lock", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(descriptor)
