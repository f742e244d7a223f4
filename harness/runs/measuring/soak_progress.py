"""How far a soak has come on one device, from its records as they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SHORT_S = 600.0


class SoakProgress:
    """Record → minutes done of minutes asked; seconds where it is a short one."""

    def __init__(self, hours: float) -> None:
        seconds = hours * 3600.0
        self._unit, unit_s = ("s", 1.0) if seconds < SHORT_S else ("min", 60.0)
        self._total = max(1, round(seconds / unit_s))
        self._unit_ns = unit_s * 1e9
        self._done_ns = 0

    def __call__(self, record: dict[str, Any]) -> tuple[str, int, int]:
        """Take one record, in the order of the file."""
        if record["record"] == "soak_window":
            self._done_ns += record["ended_ns"] - record["started_ns"]
        return f"soaking ({self._unit})", min(self._total, int(self._done_ns / self._unit_ns)), self._total


def failures_told(say: Callable[[str], None]) -> Callable[[dict[str, Any]], None]:
    """For `DeviceRun.on_record`: a failure is said at once, since a soak may have days to go."""

    def on_record(record: dict[str, Any]) -> None:
        if record["record"] == "arm_failed":
            say(f"failed at {record['stage']}: {record['error']}: {record['message']}")

    return on_record
