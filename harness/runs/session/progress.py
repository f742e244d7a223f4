"""What a run tells the person who waits for it: a live display on a terminal, plain lines in a log."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from harness.words.printable import printable

NAME_COLUMNS = 26


class Progress(Protocol):
    """Where the parts of a run report. Called from several threads."""

    def say(self, device: str, text: str) -> None:
        """Something happened on a device."""
        ...

    def advance(self, device: str, what: str, done: int, total: int) -> None:
        """How far a long thing has come."""
        ...


class LogProgress:
    """One line an event; of a long thing a line at each tenth and at most one in five seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], tuple[int, float]] = {}

    def say(self, device: str, text: str) -> None:
        """Print a line."""
        # Whoever read this may have gone (`2>&1 | head`, a closed terminal): no reason to end a measurement.
        with self._lock, contextlib.suppress(OSError):
            print(f"[{time.strftime('%H:%M:%S')}] {_line(device, text)}", file=sys.stderr, flush=True)

    def advance(self, device: str, what: str, done: int, total: int) -> None:
        """Print a line when another tenth is done."""
        tenth = 10 * done // max(total, 1)
        now = time.monotonic()
        last_tenth, last_time = self._last.get((device, what), (-1, 0.0))
        if tenth > last_tenth and (now - last_time > 5.0 or done >= total):
            self._last[device, what] = (tenth, now)
            self.say(device, f"{what} {done} of {total}")


class TerminalProgress:
    """A bar per device, with what it does now."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars
        from rich.table import Column

        self._console = Console(stderr=True)
        # Twice a second: a display that redraws more often would itself be a load on a machine that is being measured.
        self._bars = Bars(
            # Numbers and times must not be pushed off a terminal of 80 columns.
            TextColumn("{task.fields[device]}", markup=False, table_column=Column(no_wrap=True)),
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            refresh_per_second=2,
            transient=True,
        )
        self._tasks: dict[str, int] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Show the display."""
        self._bars.start()

    def stop(self) -> None:
        """Take the display away."""
        self._bars.stop()

    def say(self, device: str, text: str) -> None:
        """Print a line above the bars."""
        with contextlib.suppress(OSError):  # a terminal that was closed is no reason to end a measurement
            self._console.print(_line(device, text), markup=False, highlight=False, overflow="fold")

    def advance(self, device: str, what: str, done: int, total: int) -> None:
        """Move the device's bar."""
        from rich.progress import TaskID

        with self._lock:
            task = self._tasks.get(device)
            if task is None:
                task = int(self._bars.add_task(printable(what), device=shortened(device, NAME_COLUMNS), total=total))
                self._tasks[device] = task
            self._bars.update(TaskID(task), description=printable(what), completed=done, total=total)


def _line(device: str, text: str) -> str:
    """What an error says begins with its device's name already."""
    return f"{printable(device)}: {printable(text.removeprefix(f'{device}: '))}"


def shortened(name: str, columns: int) -> str:
    """A name cut in its middle: what tells devices apart (host, port, folder) is at both ends."""
    from rich.cells import cell_len, set_cell_size

    shown = printable(name)
    if cell_len(shown) <= columns:
        return shown
    half = (columns - 1) // 2
    end = shown
    while cell_len(end) > half:
        end = end[1:]
    return f"{set_cell_size(shown, columns - 1 - cell_len(end))}…{end}"


class SilentProgress:
    """For machines that read the result: says nothing."""

    def say(self, device: str, text: str) -> None:
        """Nothing."""

    def advance(self, device: str, what: str, done: int, total: int) -> None:
        """Nothing."""


@contextmanager
def shown_progress(*, silent: bool = False) -> Iterator[Progress]:
    """The progress that fits where stderr goes."""
    if silent or sys.stderr is None:
        yield SilentProgress()
    elif not sys.stderr.isatty():
        yield LogProgress()
    else:
        terminal = TerminalProgress()
        terminal.start()
        try:
            yield terminal
        finally:
            with contextlib.suppress(OSError):  # the terminal may have been closed
                terminal.stop()
