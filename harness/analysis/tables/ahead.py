"""Work on the next items while the last one's result is used: a few threads, results in the items' own order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def done_ahead(function: Callable[[Item], Result], items: Sequence[Item], threads: int) -> Iterator[Result]:
    """`function` of every item, in order; at most `threads` items are begun and not yet yielded, so that memory is
    bounded whatever the number of items. Raises what `function` raises, at that item's turn.
    """
    if threads <= 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="scoring") as pool:
        begun: deque[Future[Result]] = deque()
        try:
            for item in items:
                if len(begun) == threads:
                    yield begun.popleft().result()
                begun.append(pool.submit(function, item))
            while begun:
                yield begun.popleft().result()
        finally:
            for one in begun:
                one.cancel()
