"""One night at a time measures on a device: a lock on a file that ends with its process, however that ends.

It keeps apart what runs on this computer under this user. Two computers that use one device over SSH are kept apart by
the history, where it is a PostgreSQL database, and two runs on a phone by the phone itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness.documents.folder import DiskError, safe_name

VARIABLE: Final = "BAKEOFF_STATE"
LOOK_AGAIN_S: Final = 1.0


def state_folder() -> Path:
    """`$BAKEOFF_STATE`, or `~/.local/state/bakeoff`."""
    return Path(os.environ.get(VARIABLE) or "~/.local/state/bakeoff").expanduser()


@contextmanager
def device_lock(device: str, wait: Callable[[float], bool], on_wait: Callable[[], None]) -> Iterator[bool]:
    """Hold the lock of a device; yields whether it was had.

    `wait(seconds)` waits, and says whether there is time left to wait on; `on_wait()` is called once before the first
    wait. Raises `DiskError`.
    """
    path = state_folder() / "devices" / f"{safe_name(device)}-{hashlib.sha256(device.encode()).hexdigest()[:12]}.lock"
    descriptor = _open(path)
    try:
        yield _locked(descriptor, wait, on_wait)
    finally:
        os.close(descriptor)


@contextmanager
def file_lock(path: Path, wait: Callable[[float], bool], on_wait: Callable[[], None]) -> Iterator[bool]:
    """As `device_lock`, of a file. Raises `DiskError`."""
    descriptor = _open(path)
    try:
        yield _locked(descriptor, wait, on_wait)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DiskError.of(path, error) from None


def _locked(descriptor: int, wait: Callable[[float], bool], on_wait: Callable[[], None]) -> bool:
    said = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not said:
                on_wait()
                said = True
            if not wait(LOOK_AGAIN_S):
                return False
        else:
            return True
