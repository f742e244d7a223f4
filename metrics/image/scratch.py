"""Memory that a thread keeps from tile to tile.

Arrays made anew for each tile cost more than what is computed in them, wherever the allocator gives their pages back in
between and the next tile has to have them again.
"""

from __future__ import annotations

import math
import threading

import numpy as np
from numpy.typing import NDArray


class Scratch(threading.local):
    """Numbered arrays of float64, each thread's own; what is in one stands until the same number is asked for again."""

    def __init__(self) -> None:
        self._kept: dict[int, NDArray[np.float64]] = {}

    def array(self, number: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """An array with anything in it; contiguous."""
        size = math.prod(shape)
        kept = self._kept.get(number)
        if kept is None or kept.size < size:
            kept = self._kept[number] = np.empty(size)
        return kept[:size].reshape(shape)
