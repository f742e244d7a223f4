"""How finely the clock tells that took these durations: the step between what it can tell apart, from the durations."""

from __future__ import annotations

import numpy as np

from harness.statistics.estimate import Floats

FEWEST = 8
"""Fewer durations say nothing: they are seldom equal, whatever the clock."""
_ROUNDING_NS = 2.0
"""Ticks that are no whole nanoseconds (41.67 ns of a 24 MHz counter) come as neighbouring whole numbers."""
_NEAR = 10.5
_OFF_GRID = 0.15


def clock_step_ns(durations_ns: Floats) -> float:
    """The step in nanoseconds, of durations of shape (n,) in any order; 0 where they show none.

    A clock that matters gives the same numbers again and again: at most half as many of them as durations, and all
    whole steps apart. Where every duration is the same the step can be as long as the duration itself.
    """
    if durations_ns.size < FEWEST:
        return 0.0
    distinct = np.unique(durations_ns)
    if 2 * distinct.size > durations_ns.size:
        return 0.0
    begins = np.concatenate([[True], np.diff(distinct) > _ROUNDING_NS])
    ticks = np.bincount(np.cumsum(begins) - 1, weights=distinct) / np.bincount(np.cumsum(begins) - 1)
    if ticks.size == 1:
        return float(ticks[0]) if float(np.ptp(distinct)) <= 2.0 * _ROUNDING_NS else 0.0
    gaps = np.diff(ticks)
    gaps = gaps[gaps <= _NEAR * gaps.min()]
    steps = np.round(gaps / gaps.min())
    step = float(np.dot(gaps, steps) / np.dot(steps, steps))
    is_grid = np.all(np.abs(gaps - steps * step) <= _OFF_GRID * step + _ROUNDING_NS)
    return step if is_grid else 0.0


class ClockWatch:
    """The same, of durations that come block by block: kept until they show that the clock is a fine one."""

    _ENOUGH = 1000
    _FINE = 1e-4
    """A step of less than this share of the latency is none that matters."""

    def __init__(self) -> None:
        self._kept: list[Floats] = []
        self._count = 0
        self._is_fine = False

    def take(self, durations_ns: list[int]) -> None:
        """Durations of one block."""
        if self._is_fine or not durations_ns:
            return
        self._kept.append(np.array(durations_ns, dtype=np.float64))
        self._count += len(durations_ns)
        if self._count >= self._ENOUGH:
            together = np.concatenate(self._kept)
            self._is_fine = clock_step_ns(together) < self._FINE * float(np.median(together))
            # What says most about the step are distinct durations, and how many there were of them.
            self._kept, self._count = [] if self._is_fine else [together], 0

    @property
    def step_ns(self) -> float:
        """As `clock_step_ns`, of all that were kept."""
        return 0.0 if self._is_fine or not self._kept else clock_step_ns(np.concatenate(self._kept))
