"""Whether the device was throttled in a soak: the runner's fixed work against its own best, or, where there is none,
the arm's own latency together with the clocks.

A window is slow where the running median of five windows is more than 10 % above the baseline: the lower of the median
of the first three windows and the fastest tenth of all. A burst of another program is over before that; a device that
throttles within minutes has its first windows still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from harness.quantity import Available, Unavailable
from harness.soak_result import ThrottlingFinding

if TYPE_CHECKING:
    from harness.analysis.soak_windows import SoakRecords
    from harness.statistics.estimate import Floats

SLOWER: Final = 1.10
_CLOCK_DOWN: Final = 0.95
_RUNNING: Final = 5
_FEWEST_SLOW: Final = 5
_FIRST: Final = 3

_REFERENCE = "the fixed work before each window, the fastest of its repeats"
_CLOCKS = "the arm's own median latency, where the clocks were down as well"


def throttling_finding(records: SoakRecords) -> ThrottlingFinding:
    """From every window's fixed work, or latency and clocks."""
    reference = reference_ns(records)
    if np.isfinite(reference).sum() >= _FEWEST_SLOW:
        return _judged(records, reference, np.full(reference.size, True), _REFERENCE)
    clocks = _clocks(records)
    if np.isfinite(clocks).sum() >= _FEWEST_SLOW:
        usual = float(np.nanquantile(clocks, 0.9))
        latency = np.array([window.latency_p50_ns for window in records.windows], dtype=np.float64)
        return _judged(records, latency, clocks < _CLOCK_DOWN * usual, _CLOCKS)
    reason = (
        f"there are fewer than {_FEWEST_SLOW} windows"
        if len(records.windows) < _FEWEST_SLOW
        else "neither fixed work nor clocks were recorded"
    )
    missing = Unavailable(reason=reason)
    return ThrottlingFinding(
        throttled="unavailable",
        reason=reason,
        source=None,
        share_of_time=missing,
        worst_slowdown=missing,
        first_at_hours=None,
    )


def reference_ns(records: SoakRecords) -> Floats:
    """The fastest repeat of the fixed work before each window; NaN where there was none."""
    return np.array([min(window.reference_ns, default=np.nan) for window in records.windows], dtype=np.float64)


def _clocks(records: SoakRecords) -> Floats:
    """The fastest core's clock at the end of each window, kHz."""
    return np.array(
        [max(window.context.cpu_frequency_khz or [], default=0) or np.nan for window in records.windows],
        dtype=np.float64,
    )


def _judged(records: SoakRecords, took: Floats, admitted: np.ndarray, source: str) -> ThrottlingFinding:
    known = np.isfinite(took)
    hours, seconds = records.hours[known], records.seconds[known]
    smooth = _running_median(took[known])
    baseline = min(float(np.median(took[known][:_FIRST])), float(np.quantile(took[known], 0.1)))
    slow = (smooth > SLOWER * baseline) & admitted[known]
    worst = float(np.max(smooth[admitted[known]], initial=baseline)) / baseline
    share = float(seconds[slow].sum() / seconds.sum())
    throttled = int(slow.sum()) >= _FEWEST_SLOW
    if throttled:
        first = float(hours[slow][0])
        reason = f"{100 * share:.0f} % of the time it was more than 10 % slower than at its best"
    else:
        first = None
        reason = "it was never more than 10 % slower than at its best for long"
    return ThrottlingFinding(
        throttled="yes" if throttled else "no",
        reason=reason,
        source=source,
        share_of_time=Available(value=share, unit="share", source=source),
        worst_slowdown=Available(value=worst, unit="ratio", source=f"running median of {_RUNNING} windows"),
        first_at_hours=first,
    )


def _running_median(values: Floats) -> Floats:
    """Of `_RUNNING` neighbours; at the ends of those that there are."""
    half = _RUNNING // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    return np.asarray(np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, _RUNNING), axis=1))
