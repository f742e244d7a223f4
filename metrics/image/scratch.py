"""Memory that a thread keeps from tile to tile.

Arrays made anew for each tile cost more than what is computed in them, wherever the allocator gives their pages back in
between and the next tile has to have them again.
"""

from __future__ import annotations

import math
import threading
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", np.float32, np.float64)


class Scratch(threading.local, Generic[Float]):
    """Numbered arrays of one floating type, each thread's own; what is in one stands until the same number is asked for
    again.
    """

    def __init__(self, dtype: type[Float]) -> None:
        self._dtype: type[Float] = dtype
        self._kept: dict[int, NDArray[Float]] = {}

    def array(self, number: int, shape: tuple[int, ...]) -> NDArray[Float]:
        """An array with anything in it; contiguous."""
        size = math.prod(shape)
        kept = self._kept.get(number)
        if kept is None or kept.size < size:
            kept = self._kept[number] = np.empty(size, self._dtype)
        return kept[:size].reshape(shape)
