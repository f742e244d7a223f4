"""The parts of a long block: how many inferences began in each, and how long they took."""

from __future__ import annotations

from typing import Any

_NEVER_NS = 1 << 62


class Slices:
    """Cuts a block into parts of equal length, at the ends of inferences: one belongs to the part it began in."""

    def __init__(self, duration_ns: int, count: int) -> None:
        self._inferences = [0] * count
        self._lasted_ns = [0] * count
        self._length_ns = max(1, duration_ns // count) if count else _NEVER_NS
        self._at = 0

    def begin(self, started_ns: int) -> int:
        """The block begins; returns when its first part is over."""
        self._started_ns = self._cut_ns = started_ns
        self._before = 0
        return self._until_ns()

    def end(self, inferences: int, ended_ns: int) -> int:
        """A part is over with this inference, counted from the block's begin; returns when the next one is."""
        self._close(inferences, ended_ns)
        last = len(self._inferences) - 1
        self._at = min(max(self._at, (ended_ns - self._started_ns) // self._length_ns), last)
        return self._until_ns()

    def summary(self, inferences: int, ended_ns: int) -> dict[str, Any]:
        """The block is over: members of the answer."""
        if self._inferences:
            self._close(inferences, ended_ns)
        return {"slice_inferences": self._inferences, "slice_ns": self._lasted_ns}

    def _close(self, inferences: int, ended_ns: int) -> None:
        self._inferences[self._at] += inferences - self._before
        self._lasted_ns[self._at] += ended_ns - self._cut_ns
        self._before, self._cut_ns = inferences, ended_ns

    def _until_ns(self) -> int:
        """The last part ends with the block."""
        if self._at + 1 >= len(self._inferences):
            return _NEVER_NS
        return int(self._started_ns + (self._at + 1) * self._length_ns)
