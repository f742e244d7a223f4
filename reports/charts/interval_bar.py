"""The interval bar: one effect with its interval, the line of no change, and the rule's bound. Right is better."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from harness.documents.comparison import Effect, Outcome
from harness.quantity import QUANTITIES
from harness.words.ratios import told_in_times
from reports import format as fmt

WIDTH, HEIGHT = 220.0, 22.0
_CENTRE = WIDTH / 2
_REACH = _CENTRE - 8.0
_MIDDLE = HEIGHT / 2


def interval_bar(effect: Effect, quantity_name: str, outcome: Outcome, bounds: Sequence[float] = ()) -> Markup:
    """An SVG element of 220 × 22 px, with its own text alternative.

    `bounds` are on the scale of the effect. No change is in the middle of every bar, so that the bars of a table line
    up; each bar has its own scale: linear in per cent or in the unit, and logarithmic for ratios beyond per cent, where
    half as long would else be nothing beside twice as long. Drawn by hand: it takes the page's colours, and a report
    has dozens of them.
    """
    neutral = 1.0 if effect.scale == "ratio" else 0.0
    quantity = QUANTITIES.get(quantity_name)
    towards_better = -1.0 if quantity is not None and quantity.better == "lower" else 1.0

    drawn = [effect.estimate, *bounds]
    if effect.interval is not None:
        drawn += [effect.interval.low, effect.interval.high]
    is_logarithmic = effect.scale == "ratio" and any(told_in_times(value) for value in drawn)

    def away(value: float) -> float:
        if is_logarithmic:
            return math.log(value) if 0.0 < value < math.inf else math.copysign(math.inf, value - neutral)
        return value - neutral

    reach = max((abs(away(value)) for value in drawn if math.isfinite(away(value))), default=0.0)

    def x(value: float) -> float:
        distance = away(value)
        if math.isinf(distance):
            return _CENTRE + math.copysign(_REACH, towards_better * distance)
        return _CENTRE + (towards_better * distance / reach * _REACH if reach > 0 else 0.0)

    parts = [f'<line class="bar-zero" x1="{_CENTRE:g}" x2="{_CENTRE:g}" y1="1" y2="{HEIGHT - 1:g}"/>']
    parts += [
        f'<line class="bar-bound" x1="{x(bound):.1f}" x2="{x(bound):.1f}" y1="1" y2="{HEIGHT - 1:g}"/>'
        for bound in bounds
        if math.isfinite(bound)
    ]
    if effect.interval is not None and not (math.isnan(effect.interval.low) or math.isnan(effect.interval.high)):
        left, right = sorted((x(effect.interval.low), x(effect.interval.high)))
        width = max(right - left, 2.0)
        parts.append(
            f'<rect class="bar-interval" x="{(left + right - width) / 2:.1f}" y="{_MIDDLE - 4:g}" '
            f'width="{width:.1f}" height="8" rx="1"/>'
        )
    if math.isfinite(effect.estimate):
        parts.append(f'<circle class="bar-estimate" cx="{x(effect.estimate):.1f}" cy="{_MIDDLE:g}" r="3.5"/>')
    return Markup(
        f'<svg class="bar {_CLASSES[outcome]}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" '
        f'height="{HEIGHT:g}" role="img" aria-label="{escape(_alternative(effect, quantity_name, bounds))}">'
        f"{''.join(parts)}</svg>"
    )


_CLASSES: dict[Outcome, str] = {
    "better": "is-good",
    "not worse": "is-good",
    "equivalent": "is-same",
    "worse": "is-bad",
    "inconclusive": "is-open",
    "unavailable": "is-none",
}


def _alternative(effect: Effect, quantity_name: str, bounds: Sequence[float]) -> str:
    text = f"Change {fmt.estimate(effect, quantity_name)}"
    if effect.interval is not None:
        text += f", interval {fmt.interval(effect.interval, effect.scale, quantity_name)}"
    if bounds:
        text += ", rule at " + " and ".join(fmt.change(bound, effect.scale, quantity_name) for bound in bounds)
    return text
