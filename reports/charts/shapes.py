"""What charts are drawn of: lines, marks and upright strokes, each as one SVG path."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

INK: Final = "var(--muted)"
GRID: Final = "var(--line)"
SERIES: Final = tuple(f"var(--series-{index})" for index in range(6))
"""The page's own colours, so that a chart is right in light, in dark and on paper."""
LINE_STYLES: Final = ((), (5.0, 2.0), (1.0, 1.4), (6.0, 2.0, 1.2, 2.0), (3.0, 1.0), (8.0, 2.0))
"""Beside the colour, so that series can be told apart without it: strokes and gaps in widths of the line."""
MARKERS: Final = ("circle", "square", "up", "diamond", "down", "plus")

Place = Callable[[float], float]
"""From a value, or a share of the height, to a coordinate of the drawing."""


@dataclass(frozen=True)
class Line:
    """Through all points, with a gap where one is not finite. `dashes`: one of `LINE_STYLES`."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    width: float
    dashes: tuple[float, ...] = ()

    def path(self, place_x: Place, place_y: Place, _height: Place) -> str:
        """Neighbours that fall on one spot are drawn once."""
        parts: list[str] = []
        draws, before = "M", ""
        for x, y in zip(self.x, self.y, strict=True):
            if not (math.isfinite(x) and math.isfinite(y)):
                draws, before = "M", ""
                continue
            spot = f"{_number(place_x(x))} {_number(place_y(y))}"
            if spot != before:
                parts.append(draws + spot)
            draws, before = "L", spot
        return _stroke("".join(parts), self.colour, self.width, self.dashes)


@dataclass(frozen=True)
class Marks:
    """One mark a point, `size` across; `hollow` ones are a ring of `ring_width` about it."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    size: float
    marker: str = "circle"
    ring_width: float | None = None

    def path(self, place_x: Place, place_y: Place, _height: Place) -> str:
        """All of them as one path."""
        drawn = "".join(
            f"M{_number(place_x(x))} {_number(place_y(y))}{_outline(self.marker, self.size)}"
            for x, y in zip(self.x, self.y, strict=True)
            if math.isfinite(x) and math.isfinite(y)
        )
        if self.ring_width is not None:
            return _stroke(drawn, self.colour, self.ring_width)
        return f'<path class="marks" style="fill: {self.colour}" d="{drawn}"/>' if drawn else ""


@dataclass(frozen=True)
class Uprights:
    """An upright stroke at each x, from one share of the drawing's height to another; 0 is the lower edge."""

    x: Sequence[float]
    colour: str
    width: float
    dashes: tuple[float, ...] = ()
    between: tuple[float, float] = (0.0, 1.0)

    def path(self, place_x: Place, _place_y: Place, height: Place) -> str:
        """All of them as one path."""
        ends = [_number(height(share)) for share in self.between]
        drawn = "".join(f"M{_number(place_x(x))} {ends[0]}V{ends[1]}" for x in self.x if math.isfinite(x))
        return _stroke(drawn, self.colour, self.width, self.dashes)


Shape = Line | Marks | Uprights


def _stroke(drawn: str, colour: str, width: float, dashes: tuple[float, ...] = ()) -> str:
    if not drawn:
        return ""
    dashed = f"; stroke-dasharray: {' '.join(_number(dash * width) for dash in dashes)}" if dashes else ""
    return f'<path style="fill: none; stroke: {colour}; stroke-width: {width:g}{dashed}" d="{drawn}"/>'


def _outline(marker: str, size: float) -> str:
    """From the middle of the mark, in steps relative to it."""
    half, whole = _number(size / 2), _number(size)
    arm, rest = _number(size / 6), _number(size / 3)
    return {
        "circle": f"m-{half} 0a{half} {half} 0 1 0 {whole} 0a{half} {half} 0 1 0-{whole} 0",
        "square": f"m-{half}-{half}h{whole}v{whole}h-{whole}z",
        "up": f"m0-{half}l{half} {whole}h-{whole}z",
        "down": f"m0 {half}l{half}-{whole}h-{whole}z",
        "diamond": f"m0-{half}l{half} {half}l-{half} {half}l-{half}-{half}z",
        "plus": (f"m-{arm}-{half}h{rest}v{rest}h{rest}v{rest}h-{rest}v{rest}h-{rest}v-{rest}h-{rest}v-{rest}h{rest}z"),
    }[marker]


def _number(value: float) -> str:
    """A tenth of a unit is a tenth of a pixel."""
    return f"{round(value, 1) + 0.0:.10g}"
