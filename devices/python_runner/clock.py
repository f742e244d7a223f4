"""The one clock that everything is timed by."""

from __future__ import annotations

import time

clock_ns = time.monotonic_ns
"""One clock for everything: CLOCK_MONOTONIC, the same in every process of one boot."""


def suspended_ns() -> int | None:
    """What CLOCK_BOOTTIME has and CLOCK_MONOTONIC lacks: the time that the machine slept. None where it has none."""
    try:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - clock_ns()
    except (AttributeError, OSError):
        return None
