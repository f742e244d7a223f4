"""An interval by inverting a test: it holds the values that the test does not reject.

For what is no mean of replicates, such as a quantile, but of which a mean is known that is 0 only where a value is the
true one: that mean's own test says which values are possible.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from harness.statistics.confidence_sequence import critical_values
from harness.statistics.estimate import Estimate

_FIRST_STEP = 0.01
_FURTHEST = 100.0
"""To either side: of shares in per cent all there is, of logarithms more than anything."""
_CLOSE = 1e-12


class ValuesNotRejected:
    """The values that a test leaves, level by level, each computed once.

    `test` gives of a value the estimate of what is 0 were that value true, and falls as the value rises; `own` is a
    value that it leaves.
    """

    def __init__(self, own: float, test: Callable[[float], Estimate]) -> None:
        self.test = test
        self._own = own
        self._known: dict[float, tuple[float, float]] = {}

    def between(self, level: float) -> tuple[float, float]:
        """Two-sided at 1 − `level`; ±∞ where there is no end."""
        if level not in self._known:
            self._known[level] = (self._end(-1.0, level), self._end(1.0, level))
        return self._known[level]

    def _end(self, side: float, level: float) -> float:
        """Outwards: by steps that double, then by halving."""
        inside, outside = 0.0, _FIRST_STEP
        while not self._is_rejected(side, outside, level):
            inside, outside = outside, 2.0 * outside
            if inside > _FURTHEST:
                return side * math.inf
        while outside - inside > _CLOSE:
            middle = (inside + outside) / 2.0
            if self._is_rejected(side, middle, level):
                outside = middle
            else:
                inside = middle
        return self._own + side * outside

    def _is_rejected(self, side: float, distance: float, level: float) -> bool:
        ends = self.test(self._own + side * distance).interval(level)
        return ends is not None and (ends[1] < 0.0 if side > 0.0 else ends[0] > 0.0)


@dataclass(frozen=True)
class InvertedEstimate(Estimate):
    """`mean` is the value itself; `sd` is √n times the half-width of the 95 % interval over its critical value, None
    where it has no interval.

    Where the test gives a `SequentialEstimate`, the interval and the p-values hold at all looks together.
    """

    possible: ValuesNotRejected | None = field(default=None, compare=False)
    """What the test leaves of the value with its sign not turned."""
    turned: bool = False
    """Whether the sign of the value is turned."""
    looked_at: bool = False
    """Whether the run could have ended at any of several looks."""

    @property
    def is_anytime(self) -> bool:
        """Whether the interval holds at all looks together."""
        return self.looked_at

    def negated(self) -> InvertedEstimate:
        """The same estimate with its sign turned."""
        return replace(self, mean=-self.mean, turned=not self.turned)

    def critical_value(self, level: float) -> float:
        """Half-width of the two-sided interval of a mean in standard errors; ∞ where it bounds nothing."""
        if self.looked_at:
            return float(critical_values(np.array([self.effective_n]), level)[0])
        return super().critical_value(level)

    def interval(self, level: float) -> tuple[float, float] | None:
        """The values that a two-sided test at 1 − `level` does not reject; None where it has no end."""
        if self.sd is None or self.possible is None:
            return None
        low, high = self.possible.between(level)
        if not (math.isfinite(low) and math.isfinite(high)):
            return None
        return (-high, -low) if self.turned else (low, high)

    def p_at_most(self, bound: float) -> float | None:
        """One-sided p-value of the hypothesis that the true value is ≤ `bound`."""
        if self.possible is None:
            return None
        if self.turned:
            return self.possible.test(-bound).p_at_least(0.0)
        return self.possible.test(bound).p_at_most(0.0)


def invert(value: float, test: Callable[[float], Estimate], *, looked_at: bool) -> InvertedEstimate:
    """The estimate `value`, with the interval that `test` gives, as `ValuesNotRejected` takes it."""
    own, possible = test(value), ValuesNotRejected(value, test)
    nothing = InvertedEstimate(value, None, own.n, own.effective_n, possible=possible, looked_at=looked_at)
    if own.sd is None:
        return nothing
    low, high = possible.between(0.95)
    critical = nothing.critical_value(0.95)
    if not math.isfinite(high - low) or not math.isfinite(critical):
        return nothing
    return replace(nothing, sd=(high - low) / 2.0 / critical * math.sqrt(own.effective_n))
