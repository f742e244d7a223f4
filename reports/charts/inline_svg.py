"""A chart with two axes as inline SVG that follows the page: its colours, its font, no identifiers that clash.

Drawn by hand: three kinds of shapes on two axes need no drawing library, whose import took longer than the analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from markupsafe import Markup, escape

from reports.charts.axis import Axis, Scale, tick_text
from reports.charts.shapes import GRID, INK, Shape, Uprights
from reports.inert_text import inert

WIDTH, HEIGHT = 420.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.8, 407.4, 10.0, 202.5
"""The edges of what is drawn in; axes, numbers and words stand around it."""
_FONT_SIZE = 12
_TICK = 3.5


def inline_svg(shapes: Sequence[Shape], x: Axis, y: Axis, *, prefix: str, title: str, description: str) -> Markup:
    """The shapes, later ones over earlier ones, as one <svg> element of 420 × 250 units.

    `prefix` (letters, digits, hyphens) makes its identifiers unique in the page. `title` and `description` are its
    text alternative and are escaped here, as are the axes' labels. The same shapes give the same bytes.
    """
    horizontal = x.scale(chain.from_iterable(shape.x for shape in shapes))
    vertical = y.scale(chain.from_iterable(shape.y for shape in shapes if not isinstance(shape, Uprights)))

    def place_x(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * horizontal.share(value)

    def height(share: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * share

    def place_y(value: float) -> float:
        return height(vertical.share(value))

    at_x = [(place_x(tick), tick_text(tick)) for tick in _ticks(x, horizontal)]
    at_y = [(place_y(tick), tick_text(tick)) for tick in _ticks(y, vertical)]
    drawn = "".join(shape.path(place_x, place_y, height) for shape in shapes)
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-labelledby="{prefix}-title {prefix}-description">'
        f'<title id="{prefix}-title">{escape(inert(title))}</title>'
        f'<desc id="{prefix}-description">{escape(inert(description))}</desc>'
        f'<clipPath id="{prefix}-area"><rect x="{_LEFT:g}" y="{_TOP:g}" width="{_RIGHT - _LEFT:g}" '
        f'height="{_BOTTOM - _TOP:g}"/></clipPath>'
        f"{_lines(at_x, at_y)}{_numbers(at_x, at_y)}{_labels(x.label, y.label)}"
        f'<g clip-path="url(#{prefix}-area)">{drawn}</g></svg>'
    )


def _ticks(axis: Axis, scale: Scale) -> Sequence[float]:
    return axis.ticks if axis.ticks is not None else scale.round_ticks()


def _lines(at_x: list[tuple[float, str]], at_y: list[tuple[float, str]]) -> str:
    grid = "".join(f"M{x:.1f} {_TOP:g}V{_BOTTOM:g}" for x, _ in at_x)
    grid += "".join(f"M{_LEFT:g} {y:.1f}H{_RIGHT:g}" for y, _ in at_y)
    axes = f"M{_LEFT:g} {_TOP:g}V{_BOTTOM:g}H{_RIGHT:g}"
    axes += "".join(f"M{x:.1f} {_BOTTOM:g}v{_TICK:g}" for x, _ in at_x)
    axes += "".join(f"M{_LEFT:g} {y:.1f}h-{_TICK:g}" for y, _ in at_y)
    return (
        f'<g style="fill: none; stroke: {GRID}">'
        f'<path style="stroke-width: 0.6" d="{grid}"/><path style="stroke-width: 0.8" d="{axes}"/></g>'
    )


def _numbers(at_x: list[tuple[float, str]], at_y: list[tuple[float, str]]) -> str:
    below = "".join(f'<text x="{x:.1f}" y="{_BOTTOM + 17:g}">{text}</text>' for x, text in at_x)
    beside = "".join(f'<text x="{_LEFT - 7:g}" y="{y + 4:.1f}">{text}</text>' for y, text in at_y)
    return _text_group("middle", below) + _text_group("end", beside)


def _labels(x_label: str, y_label: str) -> str:
    middle_x, middle_y = (_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2
    words = f'<text x="{middle_x:g}" y="{HEIGHT - 8:g}">{escape(inert(x_label))}</text>'
    words += f'<text transform="translate(12 {middle_y:g}) rotate(-90)">{escape(inert(y_label))}</text>'
    return _text_group("middle", words)


def _text_group(anchor: str, texts: str) -> str:
    return f'<g style="fill: {INK}; font-size: {_FONT_SIZE}px; text-anchor: {anchor}">{texts}</g>'
