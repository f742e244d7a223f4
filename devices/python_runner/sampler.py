"""Something done every so often while something else is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.python_runner.clock import clock_ns

if TYPE_CHECKING:
    from collections.abc import Callable


class Sampler:
    """Does something every so often while something else is waited for. Moments that were missed are not made up."""

    def __init__(self, take: Callable[[], None], every_ns: int) -> None:
        self._take = take
        self._every_ns = every_ns
        self._due_ns = clock_ns() + every_ns

    def left_ns(self) -> int:
        """Until it is due again; 0 where it is."""
        return max(0, self._due_ns - clock_ns())

    def take_if_due(self) -> None:
        """Takes one where it is due."""
        if clock_ns() >= self._due_ns:
            self._take()
            self._due_ns += self._every_ns * max(1, 1 + (clock_ns() - self._due_ns) // self._every_ns)
