"""Doing a thing again after the connection was lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from devices.base import DeviceIdentity
from devices.errors import TransientError

T = TypeVar("T")

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0


def with_reconnect(
    device: DeviceIdentity,
    operation: Callable[[], T],
    *,
    total_s: float = 300.0,
    on_wait: Callable[[str, float], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Run `operation`; after a `TransientError` wait, reconnect, and run it again.

    Waits 0.5 s, then twice as long each time up to 30 s, and gives up with the last error once `total_s` have passed
    since the first one; an operation that went on for longer than 30 s before the next loss begins anew. Every other
    error is raised at once. `on_wait(message, seconds)` is called before each wait.
    The operation must bear being repeated.
    """
    give_up_at: float | None = None
    wait_s = FIRST_WAIT_S
    connected = True
    while True:
        began = time.monotonic()
        try:
            if not connected:
                device.connect()
                connected = True
                began = time.monotonic()
            return operation()
        except TransientError as error:
            now = time.monotonic()
            if give_up_at is None or (connected and now - began > LONGEST_WAIT_S):
                give_up_at, wait_s = now + total_s, FIRST_WAIT_S
            connected = False
            if now + wait_s > give_up_at:
                raise
            if on_wait is not None:
                on_wait(error.what, wait_s)
            sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
