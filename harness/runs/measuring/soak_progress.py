"""How far a soak has come on one device, from its records as they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.documents.records import ArmFailed, SoakWindow

if TYPE_CHECKING:
    from harness.documents.records import Record

SHORT_S = 600.0


class SoakProgress:
    """Record → minutes done of minutes asked; seconds where it is a short one."""

    def __init__(self, hours: float) -> None:
        seconds = hours * 3600.0
        self._unit, unit_s = ("s", 1.0) if seconds < SHORT_S else ("min", 60.0)
        self._total = max(1, round(seconds / unit_s))
        self._unit_ns = unit_s * 1e9
        self._done_ns = 0

    def __call__(self, record: Record) -> tuple[str, int, int]:
        """Take one record, in the order of the file."""
        if isinstance(record, SoakWindow):
            self._done_ns += max(0, record.ended_ns - record.started_ns)
        return f"soaking ({self._unit})", min(self._total, int(self._done_ns / self._unit_ns)), self._total


def failures_told(say: Callable[[str], None]) -> Callable[[Record], None]:
    """For `DeviceRun.on_record`: a failure is said at once, since a soak may have days to go."""

    def on_record(record: Record) -> None:
        if isinstance(record, ArmFailed):
            say(f"failed at {record.stage}: {record.error}: {record.message}")

    return on_record
