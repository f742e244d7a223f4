"""The interval bar: one effect with its interval, the line of no change, and the rule's bound. Right is better."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from harness.documents.comparison import Effect, Outcome
from harness.quantity import QUANTITIES
from reports import format as fmt
from reports.charts.effect_scale import EffectScale, scale_over, tick_in_words

WIDTH, HEIGHT = 220.0, 22.0
_CENTRE = WIDTH / 2
_REACH = _CENTRE - 8.0
_MIDDLE = HEIGHT / 2


def interval_bar(
    effect: Effect,
    quantity_name: str,
    outcome: Outcome,
    bounds: Sequence[float] = (),
    scale: EffectScale | None = None,
) -> Markup:
    """An SVG element of 220 × 22 px, with its own text alternative.

    `bounds` are on the scale of the effect. No change is in the middle of every bar, so that the bars of a table line
    up; `scale` is what they have in common, None where this bar stands alone. What goes on beyond the edge ends in an
    arrow. Drawn by hand: it takes the page's colours, and a report has dozens of them.
    """
    place = _place(scale or scale_over([(effect, bounds)], most_of_an_interval=math.inf), quantity_name)
    parts = [f'<line class="bar-zero" x1="{_CENTRE:g}" x2="{_CENTRE:g}" y1="1" y2="{HEIGHT - 1:g}"/>']
    parts += [
        f'<line class="bar-bound" x1="{place(bound):.1f}" x2="{place(bound):.1f}" y1="1" y2="{HEIGHT - 1:g}"/>'
        for bound in bounds
        if math.isfinite(bound)
    ]
    if effect.interval is not None and not (math.isnan(effect.interval.low) or math.isnan(effect.interval.high)):
        left, right = sorted((place(effect.interval.low), place(effect.interval.high)))
        cut_left, cut_right = left < _CENTRE - _REACH - 0.05, right > _CENTRE + _REACH + 0.05
        left, right = max(left, _CENTRE - _REACH), min(right, _CENTRE + _REACH)
        width = max(right - left, 2.0)
        parts.append(
            f'<rect class="bar-interval" x="{(left + right - width) / 2:.1f}" y="{_MIDDLE - 4:g}" '
            f'width="{width:.1f}" height="8" rx="1"/>'
        )
        parts += [arrow(_CENTRE - _REACH, -1.0)] if cut_left else []
        parts += [arrow(_CENTRE + _REACH, 1.0)] if cut_right else []
    if math.isfinite(effect.estimate):
        at = min(max(place(effect.estimate), _CENTRE - _REACH), _CENTRE + _REACH)
        parts.append(f'<circle class="bar-estimate" cx="{at:.1f}" cy="{_MIDDLE:g}" r="3.5"/>')
    return Markup(
        f'<svg class="bar {CLASSES[outcome]}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" '
        f'height="{HEIGHT:g}" role="img" aria-label="{escape(_alternative(effect, quantity_name, bounds))}">'
        f"{''.join(parts)}</svg>"
    )


def bar_axis(quantity_name: str, scale: EffectScale) -> Markup:
    """The axis under a column of bars of one scale: no change in the middle, a round number on each side. It is hidden
    from a screen reader, which has the numbers of every bar.
    """
    place = _place(scale, quantity_name)
    marks = [
        (_CENTRE, "no change"),
        *((place(tick), tick_in_words(tick, quantity_name, scale)) for tick in scale.ticks()),
    ]
    parts = [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="4"/>'
        f'<text x="{min(max(x, 18.0), WIDTH - 18.0):.1f}" y="14" text-anchor="middle">{escape(text)}</text>'
        for x, text in marks
    ]
    line = f'<line x1="{_CENTRE - _REACH:g}" x2="{_CENTRE + _REACH:g}" y1="0.5" y2="0.5"/>'
    return Markup(
        f'<svg class="bar bar-axis" viewBox="0 0 {WIDTH:g} 18" width="{WIDTH:g}" height="18" aria-hidden="true">'
        f"{line}{''.join(parts)}</svg>"
    )


def _place(scale: EffectScale, quantity_name: str) -> Callable[[float], float]:
    """Where a value of the quantity lies: right is better. What has no end lies at the edge."""
    quantity = QUANTITIES.get(quantity_name)
    towards_better = -1.0 if quantity is not None and quantity.better == "lower" else 1.0

    def place(value: float) -> float:
        distance = scale.away(value)
        if math.isinf(distance):
            return _CENTRE + math.copysign(_REACH, towards_better * distance)
        return _CENTRE + (towards_better * distance / scale.reach * _REACH if scale.reach > 0 else 0.0)

    return place


def arrow(x: float, direction: float) -> str:
    """What goes on beyond the edge at `x`: to the right (1) or to the left (-1)."""
    tip = x + 6.0 * direction
    return f'<path class="bar-beyond" d="M{x:g} {_MIDDLE - 5:g}L{tip:g} {_MIDDLE:g}L{x:g} {_MIDDLE + 5:g}z"/>'


CLASSES: dict[Outcome, str] = {
    "better": "is-good",
    "not worse": "is-good",
    "equivalent": "is-same",
    "worse": "is-bad",
    "inconclusive": "is-open",
    "unavailable": "is-none",
}
"""The class of a bar, which colours it."""


def _alternative(effect: Effect, quantity_name: str, bounds: Sequence[float]) -> str:
    text = f"Change {fmt.estimate(effect, quantity_name)}"
    if effect.interval is not None:
        text += f", interval {fmt.interval(effect.interval, effect.scale, quantity_name)}"
    if bounds:
        text += ", rule at " + " and ".join(fmt.change(bound, effect.scale, quantity_name) for bound in bounds)
    return text
