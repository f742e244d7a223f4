"""How an item that one inference cannot take becomes several, and their outputs one again.

A picture larger than a model's input is cut into tiles, a clip is a frame after the other. A device is given each part
as an item of its own and knows nothing of the whole; what is joined here is read, scored and drawn like any output.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from harness.tasks.item import TaskItem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ItemT = TypeVar("ItemT", bound=TaskItem)
CodecT = TypeVar("CodecT")


@dataclass(frozen=True)
class Carried:
    """In place of an input tensor: what the part before put out as its output of this number, on the device."""

    output: int


def _none(_: object) -> Collection[int]:
    return ()


@dataclass(frozen=True)
class Parts(Generic[ItemT, CodecT]):
    """What a task knows of parts. An item that is not divided has one."""

    count: Callable[[CodecT, ItemT], int]
    """The number of inferences that an arm needs for an item: known from what `find_items` gave."""
    encode: Callable[[CodecT, Any, int], Sequence[NDArray[np.generic] | Carried]]
    """One part of an input, by its place, as one array for each of the model's inputs, or what is carried into it."""
    join: Callable[[CodecT, Iterable[Sequence[NDArray[np.generic]]], Any], list[NDArray[np.generic]]]
    """The outputs that `decode` takes, of every part in order, and the input they were made from → the same outputs as
    if of the whole. Raises ValueError with the reason where they do not fit each other.
    """
    stays: Callable[[CodecT], Collection[int]] = _none
    """Numbers of the outputs that only the next part is given: they are left on the device."""
    times_last: bool = False
    """Whether it is the last part whose latency is measured, since the first begins with nothing carried into it."""
