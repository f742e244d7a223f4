"""One thread a device, and the main thread free to hear Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from harness.runs.session.stop_request import InterruptedRunError, StopRequest

_T = TypeVar("_T")


def in_threads(works: Sequence[Callable[[], _T]], stop: StopRequest) -> list[_T]:
    """Do all of it at once; what came out, in order.

    A fault in one asks the others to stop; when they have ended it is raised (before the `InterruptedRunError`s that
    follow from it). The threads are daemons: a KeyboardInterrupt here leaves them to their fate at once.
    """
    outcomes: list[_T | None] = [None] * len(works)
    faults: list[BaseException] = []

    def one(place: int) -> None:
        try:
            outcomes[place] = works[place]()
        except BaseException as fault:
            faults.append(fault)
            stop.ask()

    threads = [threading.Thread(target=one, args=(place,), daemon=True) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for fault in sorted(faults, key=lambda fault: isinstance(fault, InterruptedRunError)):
        raise fault
    return outcomes  # type: ignore[return-value]  # every place is filled where nothing was raised
