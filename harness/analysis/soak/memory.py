"""Whether memory leaks in a soak: which size is followed, and what its slope says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.documents.soak_result import Estimated, LeakInSteps, MemoryFinding
from harness.quantity import Available, Measured, Unavailable
from harness.statistics.leak import Leak, Segment, find_leak

if TYPE_CHECKING:
    from harness.analysis.soak.windows import SoakRecords
    from harness.statistics.estimate import Floats

_SIZES = {
    "rss_anon_bytes": "RssAnon of the worker: its resident memory that is no file's",
    "pss_bytes": "PSS of the worker: its resident memory, shared pages in parts",
    "rss_bytes": "RSS of the worker: its resident memory, files' pages and shared ones included",
}
"""The best first: pages of files come and go with the page cache."""
_METHOD = "one-sided 95 % t bounds on increments between stretches, a step of memory further out"


def memory_finding(records: SoakRecords, asked_hours: float | None = None) -> MemoryFinding:
    """From the sizes at the end of every window. `asked_hours`: how long the soak will be, where it is looked at as it
    goes; None where it is at its end.
    """
    field, held = _followed(records)
    if field is None:
        missing = Unavailable(reason="the device does not report the size of a process" if records.windows else _NONE)
        return MemoryFinding(
            leak="unavailable",
            reason=missing.reason,
            source=None,
            per_1000_inferences=missing,
            per_day=missing,
            first=missing,
            last=missing,
            highest=missing,
            windows=0,
        )
    seconds, inferences = records.seconds, records.inferences
    leak = find_leak(
        [Segment(inferences[places], seconds[places], held[places]) for places in map(np.array, records.sessions)],
        asked_seconds=None if asked_hours is None else asked_hours * 3600.0,
    )
    known = held[np.isfinite(held)]
    source = _SIZES[field]

    def size(value: float) -> Measured:
        return Available(value=float(value), unit="bytes", source=source)

    factor = float(inferences.sum() / seconds.sum()) * 86_400.0 / 1000.0
    return MemoryFinding(
        leak=leak.answer,
        reason=leak.reason,
        source=source,
        per_1000_inferences=_slope(leak, 1.0, "bytes per 1000 inferences"),
        per_day=_slope(leak, factor, "bytes per 24 h"),
        first=size(known[0]),
        last=size(known[-1]),
        highest=size(known.max()),
        windows=leak.windows,
        steps=[
            LeakInSteps(step_bytes=each.step_bytes, count=each.count, at_most=each.bytes_per_1000)
            for each in leak.steps
        ],
    )


def held_bytes(records: SoakRecords) -> Floats:
    """The size that is followed, at the end of every window; NaN where it was not read. All NaN where none was."""
    return _followed(records)[1]


def _followed(records: SoakRecords) -> tuple[str | None, Floats]:
    """The best size that was read in nine windows of ten at least."""
    nothing = np.full(len(records.windows), np.nan)
    for field in _SIZES:
        values = [getattr(window, field) for window in records.windows]
        held = np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
        if held.size and np.isfinite(held).mean() >= 0.9:
            return field, held
    return None, nothing


_NONE = "there is no window yet"


def _slope(leak: Leak, factor: float, unit: str) -> Estimated | Unavailable:
    if leak.bytes_per_1000 is None:
        return Unavailable(reason=leak.reason)
    bounds = [None if each is None or not np.isfinite(each) else each * factor for each in (leak.low, leak.high)]
    return Estimated(
        value=leak.bytes_per_1000 * factor, low=bounds[0], high=bounds[1], level=0.9, unit=unit, method=_METHOD
    )
