"""Whether the device was throttled in a soak: the runner's fixed work against its own best, or, where there is none,
the arm's own latency together with the clocks.

Heat is not the only thing that slows a device down: other programs take the core, or share its cache and its clock. So
windows in which others kept a quarter of a core busier than they usually do are *crowded* (what is the same all along
explains no change), and throttling is judged by the quiet ones alone, and by the CPU time of the fixed work where it
was recorded. What was slow in crowded windows only is said to be slowed by other programs where the CPU time stayed, or
where quiet windows came after all of it and were not slow; else it is *not yet known*. Of a runner that was started
again the first window is neither: nothing tells what others did then, nor is the process warm.

A window is slow where the running median of five windows is more than 10 % above the baseline, and above noise: the
baseline is the lower of the median of the first three windows and the fastest tenth of all running medians. A burst of
another program is over before that; a device that throttles within minutes has its first windows still. A slow-down
too small for that in noise as large is found by stretches of a tenth of the soak (`find_throttling`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from harness.analysis.conditions.load_of_others import NEAR_BEST, are_crowded
from harness.analysis.soak.load_of_others import cores_of_others_in_windows
from harness.documents.soak_result import ThrottlingFinding
from harness.quantity import Available, Measured, Unavailable
from harness.statistics.throttling import find_throttling, noise_of_neighbours

if TYPE_CHECKING:
    from harness.analysis.soak.windows import SoakRecords
    from harness.statistics.estimate import Floats

SLOWER: Final = 1.10
STRETCH_SLOWER: Final = 1.08
"""How much slower the slowest tenth is against the first, so that 10 % are found in spite of noise."""
_STRETCH_ERRORS: Final = 4.0
_CLOCK_DOWN: Final = 0.95
_RUNNING: Final = 5
_FEWEST_SLOW: Final = 5
_FIRST: Final = 3
_WARM: Final = 1.0 / 3.0
"""Share of the quiet windows that must be left without those right after a restart; else all are judged."""
_NOISE: Final = 3.5
"""Standard deviations of single windows that a slow one is above the baseline at least: in a clean soak of three days
no five running medians are.
"""

_REFERENCE = "the fixed work before each window, the fastest of its repeats"
_REFERENCE_CPU = "the CPU time of the fixed work before each window, the fastest of its repeats"
_CLOCKS = "the arm's own median latency, where the clocks were down as well"


@dataclass(frozen=True)
class _Course:
    """One value a window, of the windows that have it: all of shape (n,)."""

    device: Floats
    """What tells of the device: CPU times where there are any."""
    clock: Floats
    """The same on the clock, with what others took."""
    admitted: np.ndarray
    crowded: np.ndarray
    quiet: np.ndarray
    """Places, shape (quiet,), in time order: not crowded, and no restart's first window where others are known."""
    others: Floats
    hours: Floats
    seconds: Floats
    source: str

    def share(self, which: np.ndarray) -> float:
        """Of the time, that these windows are."""
        return float(self.seconds[which].sum() / self.seconds.sum())


def throttling_finding(records: SoakRecords) -> ThrottlingFinding:
    """From every window's fixed work, or latency and clocks, and the load of others."""
    reference = reference_ns(records)
    if np.isfinite(reference).sum() >= _FEWEST_SLOW:
        of_cpu = _reference_cpu_ns(records)
        told = bool(np.isfinite(of_cpu[np.isfinite(reference)]).all())
        device, source = (of_cpu, _REFERENCE_CPU) if told else (reference, _REFERENCE)
        return _judged(_course(records, device, reference, np.full(reference.size, True), source))
    clocks = _clocks(records)
    if np.isfinite(clocks).sum() >= _FEWEST_SLOW:
        usual = float(np.nanquantile(clocks, 0.9))
        latency = np.array([window.latency_p50_ns for window in records.windows], dtype=np.float64)
        return _judged(_course(records, latency, latency, clocks < _CLOCK_DOWN * usual, _CLOCKS))
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
        slowed_by_others=missing,
        others_busy_cores=missing,
    )


def reference_ns(records: SoakRecords) -> Floats:
    """The fastest repeat of the fixed work before each window; NaN where there was none."""
    return np.array([min(window.reference_ns, default=np.nan) for window in records.windows], dtype=np.float64)


def _reference_cpu_ns(records: SoakRecords) -> Floats:
    """The same in CPU time; NaN also where the kernel counted none."""
    least = [min(window.reference_cpu_ns, default=0) for window in records.windows]
    return np.array([each if each > 0 else np.nan for each in least], dtype=np.float64)


def _clocks(records: SoakRecords) -> Floats:
    """The fastest core's clock at the end of each window, kHz."""
    return np.array(
        [max(window.context.cpu_frequency_khz or [], default=0) or np.nan for window in records.windows],
        dtype=np.float64,
    )


def _course(records: SoakRecords, device: Floats, clock: Floats, admitted: np.ndarray, source: str) -> _Course:
    known = np.isfinite(device)
    others = cores_of_others_in_windows(records)[known]
    hours, seconds = records.hours[known], records.seconds[known]
    smooth = _running_median(clock[known])
    crowded = are_crowded(others, seconds, smooth <= NEAR_BEST * _baseline(clock[known], smooth))
    quiet = np.flatnonzero(~crowded)
    # The very first window of the soak stays: a device that throttles within minutes is at its best there.
    restarted = np.isin(np.arange(known.size), [places[0] for places in records.sessions[1:]])[known]
    told = np.flatnonzero(~crowded & ~restarted)
    if np.isfinite(others[told]).any() and told.size >= max(_FEWEST_SLOW, _WARM * quiet.size):
        quiet = told
    return _Course(device[known], clock[known], admitted[known], crowded, quiet, others, hours, seconds, source)


def _judged(course: _Course) -> ThrottlingFinding:
    quiet = course.quiet
    slow, worst, stretch = _slow(course.device[quiet], course.admitted[quiet])
    of_device = np.full(course.device.size, False)
    of_device[quiet[slow]] = True
    throttled = int(slow.sum()) >= _FEWEST_SLOW or stretch is not None
    if not throttled:
        of_device[:] = False
    by_others, others_worst = _slow_while_crowded(course)
    slowed = int(by_others.sum()) >= _FEWEST_SLOW
    blamed = False
    share = course.share(of_device)
    shared = Available(value=share, unit="share", source=course.source)
    if throttled:
        reason = (
            f"{100 * share:.0f} % of the time it was more than 10 % slower than at its best"
            if share > 0.0
            else f"in its slowest tenth it was {100 * ((stretch or 1.0) - 1):.0f} % slower than at first"
        )
        reason += " while other programs were quiet" if course.crowded.any() else ""
        if slowed:
            reason += f"; another {_while_crowded(course, by_others)}: there, heat cannot be told from them"
    elif slowed:
        blamed, words = _blamed(course, by_others)
        reason = f"{_while_crowded(course, by_others)}{words}"
    else:
        reason = "it was never more than 10 % slower than at its best for long"
        reason += " while the clocks were down" if course.source == _CLOCKS else ""
    return ThrottlingFinding(
        throttled="yes" if throttled else "slowed by others" if blamed else "not yet known" if slowed else "no",
        reason=reason,
        source=course.source,
        share_of_time=shared,
        worst_slowdown=Available(
            value=max(worst, stretch or 1.0) if throttled or not slowed else others_worst,
            unit="ratio",
            source=f"running median of {_RUNNING} windows",
        ),
        first_at_hours=float(course.hours[of_device][0]) if of_device.any() else None,
        slowed_by_others=Available(
            value=course.share(by_others) if slowed else 0.0,
            unit="share",
            source=f"{course.source}; in crowded windows",
        )
        if np.isfinite(course.others).any()
        else Unavailable(reason="the device does not tell how busy others keep it"),
        others_busy_cores=_others(course),
    )


def _slow(took: Floats, admitted: np.ndarray) -> tuple[np.ndarray, float, float | None]:
    """Which windows in a row are slow, how much slower the slowest running median is than the baseline, and how much
    slower the slowest stretch than the first, where that is throttling.
    """
    if took.size < _FEWEST_SLOW:
        return np.full(took.size, False), 1.0, None
    smooth = _running_median(took)
    baseline = _baseline(took, smooth)
    bound = max(SLOWER, math.exp(_NOISE * noise_of_neighbours(np.log(took))))
    slow = (smooth > bound * baseline) & admitted
    worst = float(np.max(smooth[admitted], initial=baseline)) / baseline
    stretch = find_throttling(took, bound=STRETCH_SLOWER, errors=_STRETCH_ERRORS) if admitted.all() else None
    return slow, worst, stretch.factor if stretch is not None else None


def _baseline(took: Floats, smooth: Floats) -> float:
    return min(float(np.median(took[:_FIRST])), float(np.quantile(smooth, 0.1)))


def _slow_while_crowded(course: _Course) -> tuple[np.ndarray, float]:
    """Crowded windows that were slow on the clock, and how slow the slowest was. Against the quiet ones where there
    are enough, else against the best of all.
    """
    of_best = course.quiet if course.quiet.size >= _FEWEST_SLOW else np.arange(course.clock.size)
    best = course.clock[of_best]
    baseline = _baseline(best, _running_median(best))
    crowded = np.flatnonzero(course.crowded)
    slow = np.full(course.clock.size, False)
    if not crowded.size:
        return slow, 1.0
    smooth = _running_median(course.clock[crowded])
    admitted = course.admitted[crowded]
    slow[crowded] = (smooth > SLOWER * baseline) & admitted
    return slow, float(np.max(smooth[admitted], initial=baseline)) / baseline


def _while_crowded(course: _Course, slow: np.ndarray) -> str:
    cores = float(np.nanmean(course.others[slow]))
    return (
        f"{100 * course.share(slow):.0f} % of the time it was more than 10 % slower than at its best while other "
        f"programs kept {cores:.1f} cores busy"
    )


def _blamed(course: _Course, slow: np.ndarray) -> tuple[bool, str]:
    """Whether others are to blame where only crowded windows were slow, and how that is known."""
    if course.source == _REFERENCE_CPU:
        of_all, _, stretch = _slow(course.device, course.admitted)
        if int(of_all.sum()) < _FEWEST_SLOW and stretch is None:
            return True, ": slowed by other programs, which took the core; its CPU time stayed, so heat did not"
    places = np.flatnonzero(slow)
    quiet_after = course.quiet.size - np.searchsorted(course.quiet, places)
    if int((quiet_after < _FEWEST_SLOW).sum()) >= _FEWEST_SLOW:
        return False, "; they were not quiet for long after that, so heat cannot be told from them"
    share = 100 * course.share(course.quiet[course.quiet > places[0]])
    return True, f": slowed by other programs; while they were quiet after that ({share:.0f} % of the time) it was not"


def _others(course: _Course) -> Measured:
    if not np.isfinite(course.others).any():
        return Unavailable(reason="the device does not tell how busy others keep it")
    return Available(
        value=float(np.nanmean(course.others)), unit="cores", source="/proc/stat less the worker's own CPU time"
    )


def _running_median(values: Floats) -> Floats:
    """Of `_RUNNING` neighbours; at the ends of those that there are."""
    half = _RUNNING // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    return np.asarray(np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, _RUNNING), axis=1))
