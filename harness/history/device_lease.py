"""A device is one computer's at a time, where several share a history in PostgreSQL: a lock of a session of the
database, which ends with its owner's connection, however that ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from harness.errors import UserError
from harness.history.address import read_address
from harness.history.engine import make_engine

if TYPE_CHECKING:
    from sqlalchemy import Connection

LOOK_AGAIN_S: Final = 5.0
_LOCK: Final = text("SELECT pg_try_advisory_lock(:key)")


@contextmanager
def device_lease(
    url: str | None, device: str, wait: Callable[[float], bool], on_wait: Callable[[], None]
) -> Iterator[bool]:
    """Hold a device against other computers; yields whether it was had.

    `wait(seconds)` waits, and says whether there is time left to wait on; `on_wait()` is called once before the first
    wait. A history that is a file is this computer's alone, and a database that does not answer keeps nobody from
    measuring: then it yields True. `local` is another device on every computer.
    """
    address = read_address(url)
    if address.is_sqlite or device == "local":
        yield True
        return
    key = int.from_bytes(hashlib.sha256(f"bakeoff device {device}".encode()).digest()[:8], "big", signed=True)
    try:
        engine = make_engine(address)
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except (SQLAlchemyError, UserError):
        yield True
        return
    try:
        yield _had(connection, key, wait, on_wait)
    finally:
        # Not given back to a pool: the lock ends with the session.
        connection.invalidate()
        connection.close()
        engine.dispose()


def _had(connection: Connection, key: int, wait: Callable[[float], bool], on_wait: Callable[[], None]) -> bool:
    said = False
    while True:
        try:
            if connection.execute(_LOCK, {"key": key}).scalar():
                return True
        except SQLAlchemyError:  # the server went while it was waited for
            return True
        if not said:
            on_wait()
            said = True
        if not wait(LOOK_AGAIN_S):
            return False
