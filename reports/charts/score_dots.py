"""One score of all items as dots: baseline along, candidate up. Off the diagonal is what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from harness.documents.comparison import ItemScores
from harness.quantity import QUANTITIES, Available
from reports import format as fmt
from reports.inert_text import inert

SIZE: Final = 200.0
_MARGIN: Final = 12.0
_MOST_TITLES: Final = 300
"""With more items a dot has no name to be read by pointing at it: names would be most of the page."""


@dataclass(frozen=True)
class Dot:
    """One item that has both values."""

    item: str
    before: float
    after: float


def score_dots(scores: ItemScores, targets: Mapping[str, str]) -> Markup | None:
    """An SVG of 200 × 200 units with its own text alternative; None where no item has two finite values.

    `targets`: item → the id of its place in the page; such a dot is ringed and leads there. The tinted half is where
    the candidate is worse.
    """
    dots = [
        Dot(item, before, after)
        for item, before, after in zip(scores.items, scores.baseline, scores.candidate_values, strict=False)
        if before is not None and after is not None and math.isfinite(before) and math.isfinite(after)
    ]
    if not dots:
        return None
    low = min(min(dot.before, dot.after) for dot in dots)
    high = max(max(dot.before, dot.after) for dot in dots)
    span = high - low or 1.0

    def at(value: float) -> float:
        return _MARGIN + (value - low) / span * (SIZE - 2 * _MARGIN)

    quantity = QUANTITIES.get(scores.quantity)
    lower_is_better = quantity is not None and quantity.better == "lower"
    corner = f"0,0 {SIZE:g},0 0,{SIZE:g}" if lower_is_better else f"{SIZE:g},{SIZE:g} {SIZE:g},0 0,{SIZE:g}"
    parts = [
        f'<polygon class="dots-worse" points="{corner}"/>',
        f'<line class="dots-same" x1="0" y1="{SIZE:g}" x2="{SIZE:g}" y2="0"/>',
    ]
    is_named = len(dots) <= _MOST_TITLES
    for dot in sorted(dots, key=lambda one: one.item in targets):
        place = f'cx="{at(dot.before):.1f}" cy="{SIZE - at(dot.after):.1f}"'
        told = escape(
            inert(f"{dot.item}: {_value(dot.before, scores.quantity)} → {_value(dot.after, scores.quantity)}")
        )
        if dot.item in targets:
            circle = f'<circle class="dot is-shown" {place} r="5"><title>{told}</title></circle>'
            parts.append(f'<a href="#{escape(targets[dot.item])}" aria-label="{told}">{circle}</a>')
        else:
            title = f"<title>{told}</title>" if is_named else ""
            parts.append(f'<circle class="dot" {place} r="3">{title}</circle>')
    role = "group" if any(dot.item in targets for dot in dots) else "img"
    described = escape(inert(f"{fmt.label(scores.quantity)}: candidate {scores.words}"))
    return Markup(
        f'<svg class="dots" viewBox="0 0 {SIZE:g} {SIZE:g}" role="{role}" aria-label="{described}">'
        f"{''.join(parts)}</svg>"
    )


def ends_in_words(scores: ItemScores) -> str | None:
    """From where to where both axes go: `22.41 to 38.02 dB`; None where nothing is drawn."""
    values = [
        value
        for before, after in zip(scores.baseline, scores.candidate_values, strict=False)
        if before is not None and after is not None and math.isfinite(before) and math.isfinite(after)
        for value in (before, after)
    ]
    if not values:
        return None
    return f"{_value(min(values), scores.quantity)} to {_value(max(values), scores.quantity)}"


def _value(value: float, quantity_name: str) -> str:
    quantity = QUANTITIES.get(quantity_name)
    unit = "" if quantity is None else quantity.unit
    return fmt.measured(Available(value=value, unit=unit, source="this item"), quantity_name).text
