"""How far the user wants a run to end: at the next block, at once, or without another word."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a service that is stopped, a terminal that is closed."""


class InterruptedRunError(Exception):
    """The user asked to stop; the run can be resumed."""


class StopRequest:
    """Asked for once, runners end after the block in flight; asked for twice, they do not wait for it."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._at_once = threading.Event()

    @property
    def asked(self) -> bool:
        """Whether to stop at the next block."""
        return self._asked.is_set()

    @property
    def at_once(self) -> bool:
        """Whether not even to wait for the block in flight."""
        return self._at_once.is_set()

    def ask(self) -> None:
        """Ask to stop at the next block."""
        self._asked.set()

    def ask_at_once(self) -> None:
        """Ask to stop without waiting for the block in flight."""
        self._asked.set()
        self._at_once.set()

    def check(self) -> None:
        """Raise `InterruptedRunError` where a stop was asked for."""
        if self.asked:
            raise InterruptedRunError

    def sleep(self, seconds: float) -> None:
        """Wait; raises `InterruptedRunError` as soon as a stop is asked for."""
        self._asked.wait(seconds)
        self.check()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """While this lasts the first signal asks to stop, the second asks to stop at once, and the third raises
        KeyboardInterrupt. Outside the main thread nothing changes.
        """

        def more(number: int, frame: FrameType | None) -> None:
            if self.at_once:
                raise KeyboardInterrupt
            if self.asked:
                # And no more: a signal may come while the one before it is still being heard, in the midst of `ask`.
                self._at_once.set()
            else:
                self.ask()

        with handled(more):
            yield


@contextlib.contextmanager
def signals_as_interrupts() -> Iterator[None]:
    """While this lasts, SIGTERM and SIGHUP are what Ctrl-C is: KeyboardInterrupt in the main thread."""
    with handled(signal.default_int_handler):
        yield


@contextlib.contextmanager
def handled(handler: signal._HANDLER) -> Iterator[None]:
    """Give `SIGNALS` a handler for a while. One that is ignored (nohup) stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, old in before.items():
        if old is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
