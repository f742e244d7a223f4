"""The value of a whole set of items, or the difference of two arms' values on the same items, with its uncertainty.

Such a value (an error pooled in decibels, an AUROC, a mean IoU) is no mean of items, so that no t interval fits it.
Its items are drawn again with replacement, for both arms the same ones, and the value is computed anew for each such
set: the BCa bootstrap (Efron 1987, "Better bootstrap confidence intervals", JASA 82). It is too narrow for few items
and where a few of them weigh most of the value, and is widened twice: percentiles are taken at √(n/(n−1))·t of n − 1
degrees of freedom instead of z (Hesterberg 2015, "What teachers should know about the bootstrap", The American
Statistician 69, the expanded percentile interval); and where the jackknife's standard error, which errs to the large
side (Efron & Stein 1981), is larger than that of the drawn sets, those are stretched about the value to agree with it.
Simulated for skewed errors (log-normal, σ = .8), 95 % intervals of a difference cover 93 % with 12 to 40 items; plain
BCa 86 to 90 %. tests/harness/statistics/test_set_bootstrap.py prints it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from harness.statistics.estimate import Estimate, Floats

RESAMPLES = 4999
FEWEST = 6
"""Below this many items, or scenes, resampling says next to nothing: there are too few distinct samples."""

_MOST_UNDEFINED = 0.01
"""Share of the drawn sets that may have no value; with more there is no interval."""


@dataclass(frozen=True)
class SetEstimate(Estimate):
    """A set's value. `mean` is the value itself; `sd` is √n times its standard error (that over drawn sets, or the
    jackknife's where it is larger), and None where there are too few items to draw from.
    """

    drawn: Floats = field(default_factory=lambda: np.empty(0), compare=False)
    """Values of the drawn sets, ascending, stretched about the set's own to the standard error; may be infinite."""
    bias: float = 0.0
    """z₀ of BCa."""
    acceleration: float = 0.0
    """a of BCa, by the jackknife."""
    seed: int = 0

    def negated(self) -> SetEstimate:
        """The same estimate with its sign turned."""
        return replace(self, mean=-self.mean, drawn=-self.drawn[::-1], bias=-self.bias, acceleration=-self.acceleration)

    def interval(self, level: float) -> tuple[float, float] | None:
        """Two-sided; None where there are too few items. Each end alone is a one-sided bound at (1 + level)/2."""
        if self.sd is None:
            return None
        if self.sd == 0.0:
            return self.mean, self.mean
        tail = (1.0 - level) / 2.0
        return self._end(tail), self._end(1.0 - tail)

    def p_at_most(self, bound: float) -> float | None:
        """One-sided p-value of the hypothesis that the true value is ≤ `bound`: the tail whose end of the interval it
        is. For a bound that lies beyond every drawn set, where the drawing has no more to say, that of a t statistic if
        it is smaller.
        """
        if self.sd is None:
            return None
        if self.sd == 0.0:
            return 1.0 if self.mean <= bound else 0.0
        from scipy.special import ndtri, stdtr

        below = float(np.searchsorted(self.drawn, bound, side="right"))
        share = min(max(below, 0.5), self.drawn.size + 0.5) / (self.drawn.size + 1.0)
        distance = float(ndtri(share)) - self.bias
        reach = 1.0 + self.acceleration * distance
        if reach <= 0.0:
            return 0.0 if distance < 0.0 else 1.0
        expanded = distance / reach - self.bias
        tail = float(stdtr(self.n - 1.0, expanded * math.sqrt((self.n - 1.0) / self.n)))
        if below == 0.0 and math.isfinite(bound):
            return min(tail, float(stdtr(self.n - 1.0, (bound - self.mean) * math.sqrt(self.n) / self.sd)))
        return tail

    def _end(self, tail: float) -> float:
        from scipy.special import ndtr, stdtrit

        reach = self.bias + math.sqrt(self.n / (self.n - 1.0)) * float(stdtrit(self.n - 1.0, tail))
        slack = 1.0 - self.acceleration * reach
        share = float(ndtr(self.bias + reach / slack)) if slack > 0.0 else float(reach > 0.0)
        place = math.ceil(share * (self.drawn.size + 1.0)) - 1
        return float(self.drawn[min(max(place, 0), self.drawn.size - 1)])


def estimate_set(
    value: Callable[[NDArray[np.intp]], float],
    groups: Sequence[NDArray[np.intp]],
    seed: int,
    *,
    resamples: int = RESAMPLES,
) -> SetEstimate:
    """Estimate of a set's value.

    Args:
        value: of the set of the items with these indices, shape (m,), which may repeat.
        groups: indices of the items that are drawn together: one each, or all crops of a scene; n groups.
        seed: of the drawing; the same seed draws the same sets, whatever `value` is.
        resamples: number of sets drawn.

    Raises:
        ValueError: there are no items, or their own value is not finite.
    """
    count = len(groups)
    if count == 0:
        msg = "no items"
        raise ValueError(msg)
    own = float(value(np.concatenate(groups)))
    if not math.isfinite(own):
        msg = f"the value of the set is {own}"
        raise ValueError(msg)
    nothing = SetEstimate(own, None, count, float(count), seed=seed)
    if count < FEWEST:
        return nothing
    draw = np.random.default_rng(seed)
    singles = np.concatenate(groups) if all(group.size == 1 for group in groups) else None

    def drawn_set() -> NDArray[np.intp]:
        chosen = draw.integers(count, size=count)
        return singles[chosen] if singles is not None else np.concatenate([groups[one] for one in chosen])

    drawn = np.array([value(drawn_set()) for _ in range(resamples)], dtype=np.float64)
    drawn = np.sort(drawn[~np.isnan(drawn)])
    finite = drawn[np.isfinite(drawn)]
    if drawn.size < (1.0 - _MOST_UNDEFINED) * resamples or finite.size < 2:
        return nothing
    error = float(finite.std(ddof=1))
    if error <= 1e-12 * max(float(np.abs(finite).max()), 1e-300):
        return replace(nothing, sd=0.0)
    without = np.array([value(np.concatenate([*groups[:one], *groups[one + 1 :]])) for one in range(count)])
    distances = without.mean() - without if np.isfinite(without).all() else np.zeros(count)
    squares = float(np.dot(distances, distances))
    jackknife = math.sqrt((count - 1.0) / count * squares)
    return SetEstimate(
        own,
        max(error, jackknife) * math.sqrt(count),
        count,
        float(count),
        drawn=own + (drawn - own) * max(1.0, jackknife / error),
        bias=_bias(drawn, own),
        acceleration=float(np.sum(distances**3) / (6.0 * squares**1.5)) if squares > 0.0 else 0.0,
        seed=seed,
    )


def _bias(drawn: Floats, own: float) -> float:
    """z₀: the normal quantile of the share of drawn sets below the set's own value, ties counted half."""
    from scipy.special import ndtri

    below = (np.searchsorted(drawn, own, side="left") + np.searchsorted(drawn, own, side="right")) / 2.0
    return float(ndtri(min(max(float(below), 0.5), drawn.size - 0.5) / drawn.size))
