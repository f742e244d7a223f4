"""A link that carries so many bytes a second and no more, as a cable does."""

from __future__ import annotations

import threading
import time

# How much later than it should a thread may be woken, and the link be said to have carried on meanwhile.
_LATE_S = 0.02


class LinkRate:
    """One direction of a link. Whoever passes bytes on waits until they have been carried."""

    def __init__(self, bytes_per_s: float) -> None:
        if not bytes_per_s > 0:
            raise ValueError(f"a link carries more than {bytes_per_s} bytes a second")
        self._bytes_per_s = bytes_per_s
        self._lock = threading.Lock()
        self._free_at = 0.0

    def carry(self, count: int) -> None:
        """Return once `count` bytes are across, after all that were given before."""
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic() - _LATE_S) + count / self._bytes_per_s
            until = self._free_at
        time.sleep(max(0.0, until - time.monotonic()))
