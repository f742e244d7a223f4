"""Independent pieces of work for the calling thread and a few helpers, each taking the next piece when it is free."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_WORTH_A_HELPER = 4
"""Pieces; with fewer, waking a thread costs more than it brings."""


class SharedWork:
    """A pool of helper threads for work that releases the interpreter lock.

    Unlike with `Executor.map`, the calling thread works too and waits for nobody who has not begun, so that on a busy
    machine this is not slower than working alone.
    """

    def __init__(self, threads: int | None = None) -> None:
        """`threads`, the calling one included; None is one per core."""
        self._helpers = (threads or os.cpu_count() or 1) - 1
        self._pool = ThreadPoolExecutor(max(1, self._helpers), thread_name_prefix="metrics")

    def map(self, function: Callable[[Piece], Result], pieces: Sequence[Piece]) -> list[Result]:
        """`function` of every piece, in the order of the pieces; raises what it raises."""
        if self._helpers == 0 or len(pieces) < _WORTH_A_HELPER:
            return [function(piece) for piece in pieces]
        results: dict[int, Result] = {}
        numbers = itertools.count()

        def work() -> None:
            while (number := next(numbers)) < len(pieces):
                results[number] = function(pieces[number])

        helpers = [self._pool.submit(work) for _ in range(min(self._helpers, len(pieces) - 1))]
        try:
            work()
        finally:
            for helper in helpers:
                if not helper.cancel():
                    helper.result()
        return [results[number] for number in range(len(pieces))]
