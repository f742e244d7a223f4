"""A series over its nights as a small line with its intervals: nights that are missing are gaps."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Collection, Sequence
from datetime import date
from itertools import pairwise

from markupsafe import Markup, escape

from harness.documents.nightly import SeriesPoint, SeriesTonight
from reports import format as fmt
from reports.inert_text import inert

WIDTH, HEIGHT = 260.0, 48.0
_MARGIN_X, _MARGIN_Y = 5.0, 5.0


def sparkline(series: SeriesTonight, marked_nights: Collection[str] = ()) -> Markup | None:
    """An SVG element of 260 × 48 px with its own text alternative; None where fewer than two nights can be drawn.

    Its height is that of the effects, with room for intervals of middling width: one night with a very wide interval
    leaves the others their shape. The dashed line is the level since the last confirmed change; an upright line stands
    at each of `marked_nights`, where a change begins.
    """
    points = [point for point in series.points if math.isfinite(point.effect) and _day(point.night) is not None]
    if len(points) < 2:
        return None
    days = [_day(point.night) or 0 for point in points]
    low, high = _reach(points, series.baseline_effect)
    first, last = min(days), max(days)

    def x(day: int) -> float:
        return _MARGIN_X + (day - first) / max(1, last - first) * (WIDTH - 2 * _MARGIN_X)

    def y(value: float) -> float:
        place = (high - value) / (high - low) if high > low else 0.5
        return min(HEIGHT, max(0.0, _MARGIN_Y + place * (HEIGHT - 2 * _MARGIN_Y)))

    parts = []
    if series.baseline_effect is not None and math.isfinite(series.baseline_effect):
        level = f"{y(series.baseline_effect):.1f}"
        parts.append(f'<line class="spark-level" x1="0" x2="{WIDTH:g}" y1="{level}" y2="{level}"/>')
    for stretch in _without_gaps(points, days):
        parts += _stretch(stretch, x, y)
    for night in sorted(marked_nights):
        day = _day(night)
        if day is not None and first <= day <= last:
            parts.append(f'<line class="spark-change" x1="{x(day):.1f}" x2="{x(day):.1f}" y1="0" y2="{HEIGHT:g}"/>')
    parts.append(f'<circle class="spark-last" cx="{x(days[-1]):.1f}" cy="{y(points[-1].effect):.1f}" r="3"/>')
    return Markup(
        f'<svg class="spark" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" height="{HEIGHT:g}" role="img" '
        f'aria-label="{escape(inert(_in_words(series, points)))}">{"".join(parts)}</svg>'
    )


def _stretch(
    stretch: Sequence[tuple[int, SeriesPoint]], x: Callable[[int], float], y: Callable[[float], float]
) -> list[str]:
    """The band and the line of nights that follow each other."""
    parts = []
    bounds = [(x(day), point.low, point.high) for day, point in stretch]
    upper = [(place, high) for place, low, high in bounds if _is_finite(low) and _is_finite(high)]
    lower = [(place, low) for place, low, high in bounds if _is_finite(low) and _is_finite(high)]
    if len(upper) == 1:
        (place, top), (_, bottom) = upper[0], lower[0]
        upper, lower = [(place - 1, top), (place + 1, top)], [(place - 1, bottom), (place + 1, bottom)]
    if upper:
        around = [*upper, *reversed(lower)]
        corners = " ".join(f"{place:.1f},{y(value):.1f}" for place, value in around if value is not None)
        parts.append(f'<polygon class="spark-band" points="{corners}"/>')
    if len(stretch) > 1:
        line = " ".join(f"{x(day):.1f},{y(point.effect):.1f}" for day, point in stretch)
        parts.append(f'<polyline class="spark-line" points="{line}"/>')
    else:
        (day, point) = stretch[0]
        parts.append(f'<circle class="spark-line" cx="{x(day):.1f}" cy="{y(point.effect):.1f}" r="0.8"/>')
    return parts


def _without_gaps(points: Sequence[SeriesPoint], days: Sequence[int]) -> list[list[tuple[int, SeriesPoint]]]:
    stretches = [[(days[0], points[0])]]
    for (before, _), (day, point) in pairwise(zip(days, points, strict=True)):
        if day - before > 1:
            stretches.append([])
        stretches[-1].append((day, point))
    return stretches


def _reach(points: Sequence[SeriesPoint], level: float | None) -> tuple[float, float]:
    effects = [point.effect for point in points]
    halves = [
        (point.high - point.low) / 2
        for point in points
        if point.low is not None and point.high is not None and math.isfinite(point.high - point.low)
    ]
    room = statistics.median(halves) if halves else 0.0
    if level is not None and math.isfinite(level):
        effects.append(level)
    return min(effects) - room, max(effects) + room


def _in_words(series: SeriesTonight, points: Sequence[SeriesPoint]) -> str:
    def told(value: float) -> str:
        return fmt.change(value, series.scale, series.name.quantity)

    effects = [point.effect for point in points]
    return (
        f"{series.label} on {len(points)} nights from {points[0].night} to {points[-1].night}: between "
        f"{told(min(effects))} and {told(max(effects))}, last {told(effects[-1])}"
    )


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _day(night: str) -> int | None:
    try:
        return date.fromisoformat(night).toordinal()
    except ValueError:
        return None
