"""What a process that the conductor starts does before anything else."""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def die_with_parent() -> None:
    """Asks Linux to kill this process when its parent dies, so that a hung inference does not outlive the conductor.

    Elsewhere, and when the conductor died before this call, the end of stdin ends the worker.
    """
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes  # not every board's Python has it

        pr_set_pdeathsig = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(signal.SIGKILL), 0, 0, 0)


def private_stdout() -> int:
    """A private copy of stdout; whatever else is printed to stdout from here on goes to stderr."""
    sys.stdout.flush()
    fd = os.dup(1)
    os.dup2(2, 1)
    return fd
