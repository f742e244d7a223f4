"""The cores that this process may run on."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from devices.python_runner.log import one_line


def set_cores(cores: list[int]) -> str | None:
    """Asks the kernel for these cores. Returns why it refused; that is no failure, what was got is on record."""
    try:
        os.sched_setaffinity(0, cores)
    except (OSError, AttributeError, OverflowError) as error:
        return one_line(f"sched_setaffinity: {error}", 100)
    return None


def cores_of_all_threads() -> list[int] | None:
    """The cores that any thread of this process may run on: a runtime may have moved its own."""
    cores: set[int] = set()
    try:
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                cores |= os.sched_getaffinity(int(thread.name))
    except (OSError, AttributeError):
        return None
    return sorted(cores)
