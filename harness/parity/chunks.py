"""Tensors in portions that fit into memory together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

MOST_BYTES: Final = 256 << 20
MOST_AT_ONCE: Final = 256
_T = TypeVar("_T")


def chunks(items: Iterable[_T], bytes_of: Callable[[_T], int]) -> Iterator[list[_T]]:
    """Runs of items of at most `MOST_BYTES` together, at least one each, in their order."""
    held: list[_T] = []
    total = 0
    for item in items:
        size = bytes_of(item)
        if held and (total + size > MOST_BYTES or len(held) >= MOST_AT_ONCE):
            yield held
            held, total = [], 0
        held.append(item)
        total += size
    if held:
        yield held
