"""Signals by name."""

from __future__ import annotations

import signal


def signal_name(number: int) -> str:
    """Such as `signal 11 (SIGSEGV)`."""
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
