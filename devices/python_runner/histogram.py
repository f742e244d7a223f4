"""Latencies counted in memory that does not grow."""

from __future__ import annotations

import math
import sys


class LatencyHistogram:
    """Latencies counted in steps of 1 %, from 1 ns to over a day, in memory that is taken once.

    What a soak looks for is memory that grows, so what it counts with must not.
    """

    _STEPS_PER_E = 1 / math.log(1.01)
    _STEPS = 1 + int(math.log(1e14) * _STEPS_PER_E)

    def __init__(self) -> None:
        self._counts = memoryview(bytearray(8 * self._STEPS)).cast("Q")
        self.clear()

    def clear(self) -> None:
        """Forgets all."""
        for step in range(self._STEPS):
            self._counts[step] = 0
        self._total = self._max_ns = 0
        self._min_ns = sys.maxsize

    def add(self, latency_ns: int) -> None:
        """Counts one latency."""
        self._counts[min(self._STEPS - 1, int(math.log(max(1, latency_ns)) * self._STEPS_PER_E))] += 1
        self._total += 1
        self._min_ns = min(self._min_ns, latency_ns)
        self._max_ns = max(self._max_ns, latency_ns)

    def quantile_ns(self, share: float) -> int:
        """The smallest step at or below which this share lies: its middle, within what was seen."""
        wanted, counted = math.ceil(share * self._total), 0
        for step, count in enumerate(self._counts):
            counted += count
            if counted >= wanted:
                middle_ns = round(math.exp((step + 0.5) / self._STEPS_PER_E))
                return max(self._min_ns, min(self._max_ns, middle_ns))
        return self._max_ns

    def summary(self) -> dict[str, int]:
        """The fields of `harness.documents.records.SoakWindow` that latencies give."""
        return {
            "inferences": self._total,
            "latency_p50_ns": self.quantile_ns(0.5),
            "latency_p90_ns": self.quantile_ns(0.9),
            "latency_p99_ns": self.quantile_ns(0.99),
            "latency_min_ns": self._min_ns,
            "latency_max_ns": self._max_ns,
        }
