"""Being stopped: by a file beside the plan, or by a signal."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from devices.python_runner.clock import clock_ns
from devices.python_runner.contract import PAUSE_SLICE_NS, STOPPABLE_PASSES

if TYPE_CHECKING:
    import types


class StoppedError(Exception):
    """The run was asked to stop."""


class PassStoppedError(Exception):
    """One pass was asked to end; the plan goes on with the next."""

    def __init__(self, of_pass: str) -> None:
        super().__init__(of_pass)
        self.of_pass = of_pass


class StopRequests:
    """A stop file, SIGTERM or SIGINT. Signals wake `select` through `wakeup_fd`."""

    def __init__(self, stop_file: Path) -> None:
        self._stop_file = stop_file
        self._signals = 0
        self.wakeup_fd, write_fd = os.pipe()
        os.set_blocking(self.wakeup_fd, False)
        os.set_blocking(write_fd, False)
        signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: types.FrameType | None) -> None:
        self._signals += 1

    def check(self, of_pass: str | None = None) -> None:
        """Raises StoppedError where a stop was asked for, PassStoppedError where one was of this pass alone."""
        if self._signals or self._stop_file.exists():
            raise StoppedError
        if of_pass in STOPPABLE_PASSES and self._stop_file.with_name(f"{self._stop_file.name}-{of_pass}").exists():
            raise PassStoppedError(of_pass)

    def pause(self, duration_ns: int, of_pass: str) -> None:
        """Sleeps, and raises as `check` does once a stop is asked for."""
        until_ns = clock_ns() + duration_ns
        while True:
            self.check(of_pass)
            left_ns = until_ns - clock_ns()
            if left_ns <= 0:
                return
            if select.select([self.wakeup_fd], [], [], min(left_ns, PAUSE_SLICE_NS) / 1e9)[0]:
                self.woken()

    def woken(self) -> None:
        """Called when `wakeup_fd` is readable: raises StoppedError at the second signal."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.wakeup_fd, 4096)
        if self._signals > 1:
            raise StoppedError
