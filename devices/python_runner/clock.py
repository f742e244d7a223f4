"""The one clock that everything is timed by."""

from __future__ import annotations

import time

clock_ns = time.monotonic_ns
"""One clock for everything: CLOCK_MONOTONIC, the same in every process of one boot."""


def suspended_ns() -> int | None:
    """What CLOCK_BOOTTIME has and CLOCK_MONOTONIC lacks: the time that the machine slept. The clock that is behind is
    read first, so it is never negative. None where there is no such clock, or where a time namespace set it back.
    """
    awake_ns = clock_ns()
    try:
        slept_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - awake_ns
    except (AttributeError, OSError):
        return None
    return slept_ns if slept_ns >= 0 else None
