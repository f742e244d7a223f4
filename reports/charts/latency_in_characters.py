"""The latencies of an experiment's arms as lines of characters, one above the other on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from harness.documents.comparison import LatencyDistribution
from reports import format as fmt

_HEIGHTS: Final = " ▁▂▃▄▅▆▇█"
_LOWEST, _HIGHEST = 0.01, 0.99
"""What is drawn: beyond these levels lie single inferences that would push all others together."""
_MOST_MEDIANS: Final = 2.0
"""And nothing that takes more than so many of the slowest arm's medians."""


@dataclass(frozen=True)
class LatencyLine:
    """One arm."""

    arm: str
    columns: str
    """The share of its inferences in each column, as heights."""


def latency_in_characters(
    distributions: Sequence[LatencyDistribution], columns: int
) -> tuple[list[LatencyLine], str, str] | None:
    """A line for each arm, and in words what the first and the last column are, in milliseconds. None where there is
    nothing to set side by side: fewer than two arms, or latencies without any spread.

    The heights of all arms are of one scale; a share that is not 0 is never drawn as nothing.
    """
    drawn = [each for each in distributions if len(each.quantiles_ns) >= 2]
    if len(drawn) < 2 or columns < 10:
        return None
    first = min(_at(_LOWEST, each.quantile_levels, each.quantiles_ns) for each in drawn)
    highest = max(_at(_HIGHEST, each.quantile_levels, each.quantiles_ns) for each in drawn)
    last = min(highest, _MOST_MEDIANS * max(_at(0.5, each.quantile_levels, each.quantiles_ns) for each in drawn))
    if not 0.0 <= first < last < float("inf"):
        return None
    edges = [first + (last - first) * place / columns for place in range(columns + 1)]
    shares = []
    for each in drawn:
        below = [_at(edge, each.quantiles_ns, each.quantile_levels) for edge in edges]
        shares.append([after - before for before, after in pairwise(below)])
    most = max(max(row) for row in shares)
    if most <= 0.0:
        return None
    lines = [
        LatencyLine(each.arm, "".join(_height(share / most) for share in row))
        for each, row in zip(drawn, shares, strict=True)
    ]
    return lines, fmt.milliseconds(first), f"{fmt.milliseconds(last)}{' and beyond' if last < highest else ''}"


def _height(share: float) -> str:
    if share < 1e-3:
        return _HEIGHTS[0]
    return _HEIGHTS[max(1, round(share * (len(_HEIGHTS) - 1)))]


def _at(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """The value at `x` on straight lines between points in order; the end's beyond the ends."""
    if x <= xs[0]:
        return ys[0]
    for left, right, low, high in zip(xs, xs[1:], ys, ys[1:], strict=False):
        if x <= right:
            return high if right == left else low + (high - low) * (x - left) / (right - left)
    return ys[-1]
