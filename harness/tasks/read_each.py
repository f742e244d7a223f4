"""Every item's files read once to their end, a few at once, before anything is measured: a damaged reference would else
show only when everything has been.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from harness.tasks.item import TaskItem

ItemT = TypeVar("ItemT", bound=TaskItem)


def read_each(
    items: Sequence[ItemT], advance: Callable[[int, int], None], read: Callable[[ItemT], ItemT], *, at_once: int = 4
) -> list[ItemT]:
    """Every item by `read`, at most so many at once. Raises `UserError` of the first that cannot be read."""
    done: list[ItemT] = []
    pool = ThreadPoolExecutor(max_workers=min(at_once, os.cpu_count() or 1))
    try:
        for item in pool.map(read, items):
            done.append(item)
            advance(len(done), len(items))
    finally:
        pool.shutdown(cancel_futures=True)
    return done
