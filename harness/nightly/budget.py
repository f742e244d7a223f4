"""The minutes of a night, by a clock that nobody sets: neither daylight saving nor a clock set back shortens them."""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

MOST_GRACE_S: Final = 60.0
GRACE_SHARE: Final = 0.05
"""A run that goes on shortly before the end is asked to stop so long before it, to be done in time."""
_LONGEST_SLEEP_S: Final = 5.0


class Budget:
    """What is left of it. `spent_s` was spent before, by a start that was cut."""

    def __init__(self, minutes: float, spent_s: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._spent_before_s = spent_s
        self.total_s = 60.0 * minutes
        self.grace_s = min(MOST_GRACE_S, GRACE_SHARE * self.total_s)

    @property
    def spent_s(self) -> float:
        """Seconds since the night began, those of starts that were cut included."""
        return self._spent_before_s + self._clock() - self._began

    @property
    def left_s(self) -> float:
        """Seconds until it is over; never below 0."""
        return max(0.0, self.total_s - self.spent_s)

    @property
    def is_over(self) -> bool:
        """Whether nothing is begun any more."""
        return self.left_s <= self.grace_s

    def fits(self, estimate_s: float | None, reserved_s: float = 0.0) -> bool:
        """Whether something that takes so long is done in time, with so much left over. What nobody knows fits as long
        as there is any time.
        """
        free_s = self.left_s - self.grace_s - reserved_s
        return free_s > 0.0 and (estimate_s is None or estimate_s <= free_s)

    def watch(self, ask: Callable[[], None], ask_at_once: Callable[[], None]) -> threading.Event:
        """Call `ask` when the time is nearly over and `ask_at_once` when it is, unless the event that is returned is
        set before.
        """
        done = threading.Event()

        def wait_until(left_s: float) -> bool:
            while (remaining := self.left_s - left_s) > 0.0:
                if done.wait(min(remaining, _LONGEST_SLEEP_S)):
                    return False
            return not done.is_set()

        def watch() -> None:
            if wait_until(self.grace_s):
                ask()
                if wait_until(0.0):
                    ask_at_once()

        threading.Thread(target=watch, daemon=True).start()
        return done


def estimate_minutes(earlier: Sequence[float]) -> float | None:
    """How long a measurement will take, by how long the last ones took: the longest of the last three, or the upper
    quartile of up to ten where there are more. None without any.
    """
    known = [minutes for minutes in earlier[-10:] if math.isfinite(minutes) and minutes > 0.0]
    if len(known) < 4:
        return max(known, default=None)
    return statistics.quantiles(known, n=4)[2]
