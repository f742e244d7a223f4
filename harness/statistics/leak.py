"""Does memory grow for ever? The slope of a long run's memory, with a test that neither warm-up nor an allocator fools.

Memory is no line with noise around it: it rises while caches fill and then stays, it jumps when an arena is added, it
falls when a collector runs, and neighbouring windows resemble each other. So the unit of replication is the *increment*
between neighbouring stretches of the run, each reduced to its median: as for a random walk, one jump is one increment
among a dozen (its t is 1, however high it is), and only growth in most of them is growth.

1. The first quarter of every process is left out (`WARM_UP`); the rest is cut into `STRETCHES` stretches of as many
   inferences (at least four for each process).
2. Where the later half of a process grew less than the earlier half (Welch's t-test at 5 %, and by more than a fifth),
   growth was dying down: then the first half of every process is left out (`LONG_WARM_UP`). Where growth dies down in
   what is left as well, as it does everywhere in a slow saturation, it is *not yet known*.
3. *yes*: the increments' mean is above 0 by the one-sided t-test at 1 %, and by that of the later half alone at 5 %.
   *no*: the one-sided 95 % bound on the slope is below the smallest leak that matters. *not yet known* otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.statistics.estimate import Estimate, Floats, estimate_mean

MATTERS_BYTES_PER_1000 = 256.0
"""Bytes per 1000 inferences: a leak of less takes 4 million inferences for a megabyte."""

STRETCHES = 9
WARM_UP, LONG_WARM_UP = 0.25, 0.5
"""Shares of each process's inferences. A warm-up with a time constant of more than about half the run cannot be told
from a leak; one of a fifth to a half of it ends as *not yet known*.
"""
_FEWEST_WINDOWS = 24
_FEWEST_STRETCHES = 4
_YES_ALPHA, _LATER_ALPHA = 0.01, 0.05
_DYING_ALPHA, _DYING_SHARE = 0.05, 0.8


@dataclass(frozen=True)
class Segment:
    """The windows of one process, in order; arrays of shape (n,), one value a window.

    `inferences` and `seconds` are counts and durations of each window, `held_bytes` the memory at its end (RssAnon
    where there is one: file pages come and go with the page cache).
    """

    inferences: Floats
    seconds: Floats
    held_bytes: Floats


@dataclass(frozen=True)
class Leak:
    """The answer, and the slope behind it in bytes per 1000 inferences: `low` and `high` are one-sided 95 % bounds.

    The slope is None where there are too few windows for one.
    """

    answer: Literal["yes", "no", "not yet known"]
    reason: str
    bytes_per_1000: float | None = None
    low: float | None = None
    high: float | None = None
    bytes_per_day: float | None = None
    """The slope at the speed of this run, in bytes per 24 hours."""
    windows: int = 0
    """Windows that the answer rests on, warm-up left out."""


@dataclass(frozen=True)
class _Increments:
    """Bytes per 1000 inferences from stretch to stretch; `later` marks those of the later half of their process."""

    slopes: Floats
    later: np.ndarray
    windows: int


def find_leak(segments: Sequence[Segment], *, matters_bytes_per_1000: float = MATTERS_BYTES_PER_1000) -> Leak:
    """Whether memory leaks, from the windows of one arm; each process that was started is a segment of its own.

    `matters_bytes_per_1000` > 0 is the smallest leak that matters: "no" means less than that. Raises ValueError where
    the arrays of a segment differ in length.
    """
    for segment in segments:
        if not segment.inferences.size == segment.seconds.size == segment.held_bytes.size:
            msg = "a segment's arrays hold one value for each window"
            raise ValueError(msg)
    increments = _increments(segments, WARM_UP)
    if increments is None:
        return Leak("not yet known", f"fewer than {_FEWEST_WINDOWS} windows are past the warm-up")
    dying = _is_dying_down(increments)
    if dying:
        shorter = _increments(segments, LONG_WARM_UP)
        if shorter is not None:
            increments, dying = shorter, _is_dying_down(shorter)
    return _answer(increments, segments, matters_bytes_per_1000, dying=dying)


def _answer(increments: _Increments, segments: Sequence[Segment], matters: float, *, dying: bool) -> Leak:
    growth = estimate_mean(increments.slopes)
    low, high = growth.interval(0.90) or (-math.inf, math.inf)
    seconds = sum(float(segment.seconds.sum()) for segment in segments)
    inferences = sum(float(segment.inferences.sum()) for segment in segments)
    later = estimate_mean(increments.slopes[increments.later])
    answer: Literal["yes", "no", "not yet known"]
    if high < matters:
        answer, reason = "no", f"it grows by less than {matters:g} bytes per 1000 inferences"
    elif dying:
        answer, reason = "not yet known", "memory still grows, but ever less"
    elif _exceeds_zero(growth, _YES_ALPHA) and _exceeds_zero(later, _LATER_ALPHA):
        answer, reason = "yes", "memory grows steadily"
    else:
        answer = "not yet known"
        reason = f"a growth of {matters:g} bytes per 1000 inferences could not be told from none"
    return Leak(
        answer=answer,
        reason=reason,
        bytes_per_1000=growth.mean,
        low=low,
        high=high,
        bytes_per_day=growth.mean / 1000.0 * inferences / seconds * 86_400.0 if seconds > 0.0 else None,
        windows=increments.windows,
    )


def _increments(segments: Sequence[Segment], left_out: float) -> _Increments | None:
    """None where fewer than `_FEWEST_WINDOWS` windows or four increments remain."""
    kept = []
    for segment in segments:
        done = np.cumsum(segment.inferences)
        if done.size == 0 or done[-1] <= 0:
            continue
        past = (done > left_out * done[-1]) & np.isfinite(segment.held_bytes)
        kept.append((done[past], segment.held_bytes[past]))
    windows = sum(done.size for done, _ in kept)
    if windows < _FEWEST_WINDOWS:
        return None
    length = sum(float(done[-1] - done[0]) for done, _ in kept if done.size) / STRETCHES
    slopes: list[float] = []
    later: list[bool] = []
    for done, held in kept:
        if done.size < _FEWEST_STRETCHES or length <= 0.0:
            continue
        stretches = max(_FEWEST_STRETCHES, int((done[-1] - done[0]) / length + 1e-9))
        groups = [group for group in np.array_split(np.arange(done.size), stretches) if group.size]
        middles = np.array([float(np.mean(done[group])) for group in groups])
        levels = np.array([float(np.median(held[group])) for group in groups])
        slopes += (1000.0 * np.diff(levels) / np.diff(middles)).tolist()
        later += [2 * place >= len(groups) - 1 for place in range(len(groups) - 1)]
    if len(slopes) < 4 or sum(later) < 2:
        return None
    return _Increments(np.array(slopes), np.array(later), windows)


def _is_dying_down(increments: _Increments) -> bool:
    """Whether the later increments are smaller than the earlier ones: Welch's one-sided t-test at 5 %, and by a fifth
    of them at least.
    """
    early, late = (estimate_mean(increments.slopes[which]) for which in (~increments.later, increments.later))
    if early.n < 2 or late.n < 2 or early.mean <= 0.0 or late.mean >= _DYING_SHARE * early.mean:
        return False
    parts = [((one.sd or 0.0) ** 2 / one.n, one.n - 1) for one in (early, late)]
    variance = sum(part for part, _ in parts)
    if variance == 0.0:
        return True
    from scipy.special import stdtr

    freedom = variance**2 / sum(part**2 / count for part, count in parts)
    return float(stdtr(freedom, (late.mean - early.mean) / math.sqrt(variance))) < _DYING_ALPHA


def _exceeds_zero(growth: Estimate, alpha: float) -> bool:
    p_value = growth.p_at_most(0.0)
    return p_value is not None and p_value < alpha
