"""The value bar: a build's own value with its interval, the limit of a rule on it, and the baseline's value. Right is
better. All devices share one scale, from zero where the values are not far from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from harness.documents.comparison import Outcome, OwnValue
from harness.quantity import QUANTITIES, Available
from reports import format as fmt
from reports.charts.interval_bar import CLASSES, HEIGHT, WIDTH, arrow

_EDGE: Final = 8.0
_MOST_OF_AN_INTERVAL: Final = 1.5
"""An interval that reaches further than so many times the span of values and limits is cut."""


@dataclass(frozen=True)
class ValueScale:
    """From the worst value at the left edge to the best at the right one, in the quantity's unit."""

    worst: float
    best: float

    def place(self, value: float) -> float:
        """Where a value lies in the drawing's width; beyond its edges what lies beyond the scale."""
        if self.best == self.worst:
            return WIDTH / 2
        return _EDGE + (value - self.worst) / (self.best - self.worst) * (WIDTH - 2 * _EDGE)


def value_scale(quantity_name: str, own: Iterable[OwnValue], baselines: Iterable[float]) -> ValueScale:
    """The scale on which all of these are seen."""
    known = list(own)
    points = [value for one in known for value in (one.value, one.limit)]
    points += [value for value in baselines if math.isfinite(value)]
    low, high = min(points), max(points)
    span = (high - low) or abs(high) or 1.0
    ends = [end for one in known for end in (one.low, one.high) if end is not None]
    reach = 0.5 * (_MOST_OF_AN_INTERVAL - 1.0) * span
    low = max(min([low, *ends]), low - reach)
    high = min(max([high, *ends]), high + reach)
    if low == high:
        low, high = low - 0.1 * span, high + 0.1 * span
    quantity = QUANTITIES.get(quantity_name)
    lower_is_better = quantity is not None and quantity.better == "lower"
    return ValueScale(high, low) if lower_is_better else ValueScale(low, high)


def value_bar(
    own: OwnValue, quantity_name: str, outcome: Outcome, scale: ValueScale, baseline: float | None = None
) -> Markup:
    """An SVG element of 220 × 22 px, with its own text alternative: dot and band are the build's own value, the dashed
    line is the limit, the solid one the baseline's value.
    """
    parts = []
    if baseline is not None and math.isfinite(baseline):
        parts.append(_upright("bar-zero", scale.place(baseline)))
    parts.append(_upright("bar-bound", scale.place(own.limit)))
    if own.low is not None and own.high is not None:
        left, right = sorted((scale.place(own.low), scale.place(own.high)))
        cut_left, cut_right = left < _EDGE - 0.05, right > WIDTH - _EDGE + 0.05
        left, right = max(left, _EDGE), min(right, WIDTH - _EDGE)
        width = max(right - left, 2.0)
        parts.append(
            f'<rect class="bar-interval" x="{(left + right - width) / 2:.1f}" y="{HEIGHT / 2 - 4:g}" '
            f'width="{width:.1f}" height="8" rx="1"/>'
        )
        parts += [arrow(_EDGE, -1.0)] if cut_left else []
        parts += [arrow(WIDTH - _EDGE, 1.0)] if cut_right else []
    parts.append(f'<circle class="bar-estimate" cx="{scale.place(own.value):.1f}" cy="{HEIGHT / 2:g}" r="3.5"/>')
    return Markup(
        f'<svg class="bar {CLASSES[outcome]}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" '
        f'height="{HEIGHT:g}" role="img" aria-label="{escape(_alternative(own, quantity_name, baseline))}">'
        f"{''.join(parts)}</svg>"
    )


def value_axis(quantity_name: str, scale: ValueScale, limits: Sequence[float]) -> Markup:
    """The axis under a column of value bars: a limit that they have in common, and a round number on each side of the
    middle. It is hidden from a screen reader, which has the numbers of every bar.
    """
    common = limits[0] if limits and len(set(limits)) == 1 else None
    marks = [(scale.place(tick), in_words(tick, quantity_name)) for tick in _ticks(scale, quantity_name)]
    if common is not None:
        at = scale.place(common)
        marks = [(at, in_words(common, quantity_name)), *(mark for mark in marks if abs(mark[0] - at) > 48.0)]
    parts = [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="4"/>'
        f'<text x="{min(max(x, 22.0), WIDTH - 22.0):.1f}" y="14" text-anchor="middle">{escape(text)}</text>'
        for x, text in marks
    ]
    line = f'<line x1="{_EDGE:g}" x2="{WIDTH - _EDGE:g}" y1="0.5" y2="0.5"/>'
    return Markup(
        f'<svg class="bar bar-axis" viewBox="0 0 {WIDTH:g} 18" width="{WIDTH:g}" height="18" aria-hidden="true">'
        f"{line}{''.join(parts)}</svg>"
    )


def in_words(value: float, quantity_name: str) -> str:
    """With its unit, as people see it."""
    quantity = QUANTITIES.get(quantity_name)
    unit = "" if quantity is None else quantity.unit
    return fmt.measured(Available(value=value, unit=unit, source="the rule"), quantity_name).text


def _ticks(scale: ValueScale, quantity_name: str) -> list[float]:
    """Round numbers in the unit that people see, near both edges."""
    quantity = QUANTITIES.get(quantity_name)
    divisor = 1.0 if quantity is None else quantity.display_divisor
    low, high = sorted((scale.worst / divisor, scale.best / divisor))
    step = 10.0 ** math.floor(math.log10(high - low))
    inside = [number * step * divisor for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [inside[0], inside[-1]] if len(inside) > 1 else inside


def _upright(name: str, x: float) -> str:
    return f'<line class="{name}" x1="{x:.1f}" x2="{x:.1f}" y1="1" y2="{HEIGHT - 1:g}"/>'


def _alternative(own: OwnValue, quantity_name: str, baseline: float | None) -> str:
    text = f"Own value {in_words(own.value, quantity_name)}"
    if own.low is not None and own.high is not None:
        text += f", interval {in_words(own.low, quantity_name)} to {in_words(own.high, quantity_name)}"
    text += f", limit {in_words(own.limit, quantity_name)}"
    if baseline is not None and math.isfinite(baseline):
        text += f", baseline {in_words(baseline, quantity_name)}"
    return text
