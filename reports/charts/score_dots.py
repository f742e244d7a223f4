"""One score of all items as dots, baseline against candidate: the baseline's score along, and up by how much the
candidate is better. Drawn as baseline against candidate alone the dots of two good builds lie all on one diagonal.
"""

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
_MOST_TITLES: Final = 120
"""With more items a dot has no name to be read by pointing at it: names would be most of the page."""


@dataclass(frozen=True)
class Dot:
    """One item that has both values."""

    item: str
    before: float
    after: float


def score_dots(scores: ItemScores, targets: Mapping[str, str], rows: Mapping[str, str] | None = None) -> Markup | None:
    """An SVG of 200 × 200 units with its own text alternative; None where no item has two finite values.

    `targets`: item → the id of its place among the items to look at; such a dot is ringed and leads there. `rows`: item
    → the id of its row among all items, where every other dot leads; they are no stops for the keyboard, since hundreds
    would be and the rows are. The tinted lower half is where the candidate is worse.
    """
    rows = rows or {}
    dots = _dots(scores)
    if not dots:
        return None
    low, span = _ends(dots)
    most = max(abs(dot.after - dot.before) for dot in dots) or 1.0
    quantity = QUANTITIES.get(scores.quantity)
    turn = -1.0 if quantity is not None and quantity.better == "lower" else 1.0
    reach = SIZE / 2 - _MARGIN

    def x(dot: Dot) -> float:
        return _MARGIN + (dot.before - low) / (span or 1.0) * (SIZE - 2 * _MARGIN)

    def y(dot: Dot) -> float:
        return SIZE / 2 - turn * (dot.after - dot.before) / most * reach

    parts = [
        f'<rect class="dots-worse" x="0" y="{SIZE / 2:g}" width="{SIZE:g}" height="{SIZE / 2:g}"/>',
        f'<line class="dots-same" x1="0" y1="{SIZE / 2:g}" x2="{SIZE:g}" y2="{SIZE / 2:g}"/>',
    ]
    is_named = len(dots) <= _MOST_TITLES
    for dot in sorted(dots, key=lambda one: one.item in targets):
        place = f'cx="{x(dot):.1f}" cy="{y(dot):.1f}"'
        told = escape(
            inert(f"{dot.item}: {_value(dot.before, scores.quantity)} → {_value(dot.after, scores.quantity)}")
        )
        if dot.item in targets:
            circle = f'<circle class="dot is-shown" {place} r="5"><title>{told}</title></circle>'
            parts.append(f'<a href="#{escape(targets[dot.item])}" aria-label="{told}">{circle}</a>')
        else:
            title = f"<title>{told}</title>" if is_named else ""
            circle = f'<circle class="dot" {place} r="3">{title}</circle>'
            row = rows.get(dot.item)
            parts.append(circle if row is None else f'<a href="#{escape(row)}" tabindex="-1">{circle}</a>')
    role = "group" if any(dot.item in targets or dot.item in rows for dot in dots) else "img"
    described = escape(inert(f"{fmt.label(scores.quantity)}: candidate {scores.words}"))
    return Markup(
        f'<svg class="dots" viewBox="0 0 {SIZE:g} {SIZE:g}" role="{role}" aria-label="{described}">'
        f"{''.join(parts)}</svg>"
    )


def ends_in_words(scores: ItemScores) -> str | None:
    """From where to where the axis along goes, and how far up and down: `22.41 to 38.02 dB along, at most 0.12 dB up or
    down`; None where nothing is drawn.
    """
    dots = _dots(scores)
    if not dots:
        return None
    lowest, highest = (_value(end(dot.before for dot in dots), scores.quantity) for end in (min, max))
    along = f"{lowest} to {highest} along"
    return (
        along if scores.furthest is None else f"{along}, at most {_value(scores.furthest, scores.quantity)} up or down"
    )


def _dots(scores: ItemScores) -> list[Dot]:
    return [
        Dot(item, before, after)
        for item, before, after in zip(scores.items, scores.baseline, scores.candidate_values, strict=False)
        if before is not None and after is not None and math.isfinite(before) and math.isfinite(after)
    ]


def _ends(dots: list[Dot]) -> tuple[float, float]:
    """The lowest score of the baseline, and how far the highest lies above it."""
    low = min(dot.before for dot in dots)
    return low, max(dot.before for dot in dots) - low


def _value(value: float, quantity_name: str) -> str:
    quantity = QUANTITIES.get(quantity_name)
    unit = "" if quantity is None else quantity.unit
    return fmt.measured(Available(value=value, unit=unit, source="this item"), quantity_name).text
