"""One axis of a chart: from where to where it goes, where its ticks stand, and what is written at them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_MOST_STEPS = 5
"""Few enough numbers to read on a telephone."""
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_FARTHEST = 1e300
"""Beyond it the difference of two numbers may be none any more."""
_SLACK = 1e-9
"""A tick this part of a step beyond an end still belongs to the axis: it is there but for rounding."""


@dataclass(frozen=True)
class Axis:
    """What is said of an axis before there is any data: the words beside it, and what its ends keep free.

    `margin` is the part of the data's span that is left free at either end. `limits` are the ends, whatever the data
    are; then no margin is added. `ticks` are where numbers stand; None: at most six round ones.
    """

    label: str
    margin: float = 0.0
    limits: tuple[float, float] | None = None
    ticks: tuple[float, ...] | None = None

    def scale(self, values: Iterable[float]) -> Scale:
        """The axis with its ends. What is not finite among `values` does not count."""
        low, high = self.limits if self.limits is not None else _span(values)
        if high - low <= 1e-8 * max(abs(low), abs(high)) or high - low < 1e-300:
            room = 0.05 * max(abs(low), abs(high)) or 0.5
            low, high = low - room, high + room
        if self.limits is None:
            room = self.margin * (high - low)
            low, high = low - room, high + room
        return Scale(low, high)


@dataclass(frozen=True)
class Scale:
    """An axis' ends, `low` below `high`, both finite."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at `low`, 1 at `high`; far beyond them at most 50 off."""
        return min(max((value - self.low) / (self.high - self.low), -50.0), 50.0)

    def round_ticks(self) -> list[float]:
        """Two to six multiples of 1, 2, 2.5 or 5 times a power of ten between the ends."""
        wanted = (self.high - self.low) / _MOST_STEPS
        magnitude = 10.0 ** math.floor(math.log10(wanted))
        step = next(factor * magnitude for factor in _STEPS if factor * magnitude >= wanted * (1.0 - _SLACK))
        first, last = math.ceil(self.low / step - _SLACK), math.floor(self.high / step + _SLACK)
        return [number * step for number in range(first, last + 1)]


def tick_text(value: float) -> str:
    """A plain number, up to ten digits of it, with a true minus."""
    return f"{value + 0.0:.10g}".replace("-", "\N{MINUS SIGN}")


def _span(values: Iterable[float]) -> tuple[float, float]:
    finite = [min(max(value, -_FARTHEST), _FARTHEST) for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (0.0, 1.0)
