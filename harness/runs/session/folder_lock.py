"""One bakeoff at a time works in a run folder. The claim ends with the process, however that ends."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.documents.folder import DiskError
from harness.errors import UserError
from harness.scratch_folder import sweep_parts

if TYPE_CHECKING:
    from harness.documents.folder import RunFolder
    from harness.documents.soak_folder import SoakFolder


class ClaimedElsewhereError(UserError):
    """Another process works in the folder."""


@contextmanager
def claimed(folder: RunFolder | SoakFolder) -> Iterator[None]:
    """Hold the folder, which is there. Raises `ClaimedElsewhereError` while another process holds it."""
    try:
        descriptor = os.open(folder.claim, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    except OSError as error:
        raise DiskError.of(folder.claim, error) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                raise ClaimedElsewhereError(
                    f"{folder.path}: another bakeoff is at work on this run", "Wait for it, or stop it first."
                ) from None
            # A file system without locks: two at once are the user's to avoid there.
        else:
            sweep_parts(folder.path, older_than_s=0.0)  # nobody else writes here
        yield
    finally:
        os.close(descriptor)
