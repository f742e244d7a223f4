"""A series over its nights: each with its interval, and numbered lines where something happened."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from harness.documents.history import HistoryMark, HistoryResult, HistorySeries
from harness.quantity import QUANTITIES
from harness.unit import UNITS
from reports import format as fmt
from reports.charts.inline_svg import GRID, INK, SERIES, inline_svg

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

MANY_NIGHTS: Final = 120
"""From here on a band in place of a bar for each interval."""
MOST_MARKS: Final = 40
"""The most lines in a drawing; the list beside it has them all."""


@dataclass(frozen=True)
class Colours:
    """The colours of a drawing."""

    ink: str
    grid: str
    line: str
    change: str


OF_THE_PAGE: Final = Colours(INK, GRID, SERIES[0], SERIES[1])
OF_A_PICTURE: Final = Colours("#545b63", "#d9d5cb", "#33557f", "#b04a12")


def course(series: HistorySeries, prefix: str) -> Markup:
    """The drawing for a page. `prefix` makes its identifiers unique there."""
    name = series.name
    title = f"{series.label} of {name.candidate} on {name.device}, night by night"
    return inline_svg(
        lambda axes: draw(axes, series, OF_THE_PAGE), prefix=prefix, title=title, description=in_words(series)
    )


def draw(axes: Axes, series: HistorySeries, colours: Colours) -> None:
    """Draw into `axes`, which may be a page's or a picture's."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    points = [
        (_days(result.night, result), values) for result in series.results if (values := shown_values(series, result))
    ]
    days = [at for at, _ in points]
    intervals = [(at, low, high) for at, (_, low, high) in points if low is not None and high is not None]
    many = len(days) >= MANY_NIGHTS
    ends = ([at for at, _, _ in intervals], [low for _, low, _ in intervals], [high for _, _, high in intervals])
    if many:
        axes.fill_between(*ends, color=colours.line, alpha=0.25, linewidth=0)
    else:
        axes.vlines(*ends, color=colours.line, alpha=0.5, linewidth=2.0)
    middles = [values[0] for _, values in points]
    axes.plot(days, middles, color=colours.line, linewidth=1.0, marker="" if many else "o", markersize=3.5)
    for number, mark in enumerate(series.marks[:MOST_MARKS], start=1):
        _draw_mark(axes, number, mark, colours)
    axes.margins(x=0.04, y=0.12)
    lowest, highest = min([*middles, *ends[1]], default=0.0), max([*middles, *ends[2]], default=0.0)
    # No difference is a line where it is near: far away it would press the series flat.
    if lowest - 2.0 * (highest - lowest) <= 0.0 <= highest + 2.0 * (highest - lowest):
        axes.axhline(0.0, color=colours.ink, linewidth=0.8)
    if len(set(days)) == 1:
        axes.set_xlim(days[0] - 1.0, days[0] + 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _at: _date(value)))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:.10g}".replace("-", fmt.MINUS)))


def _draw_mark(axes: Axes, number: int, mark: HistoryMark, colours: Colours) -> None:
    try:
        at = _number(date.fromisoformat(mark.night))
    except ValueError:
        return
    is_change = mark.kind == "change"
    colour = colours.change if is_change else colours.ink
    style: str | tuple[float, tuple[float, ...]] = "-" if is_change else (0.0, (1.0, 2.0))
    axes.axvline(at, color=colour, linestyle=style, linewidth=1.0)
    axes.annotate(
        str(number), (at, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=9, color=colour
    )


def shown_values(series: HistorySeries, result: HistoryResult) -> tuple[float, float | None, float | None] | None:
    """Estimate and interval as they are drawn: per cent for ratios, else in the unit that people see. None where there
    is nothing to draw.
    """
    if result.estimate is None or not math.isfinite(result.estimate):
        return None
    low, high = result.low, result.high
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return _shown(series, result.estimate), None, None
    return _shown(series, result.estimate), _shown(series, low), _shown(series, high)


def _shown(series: HistorySeries, value: float) -> float:
    if series.scale == "ratio":
        return (value - 1.0) * 100.0
    unit = UNITS.get(series.unit)
    return value if unit is None else value / unit.display_divisor


def axis_in_words(series: HistorySeries) -> str:
    """What the drawing's numbers are: `%, lower is better`."""
    unit = change_unit(series)
    return f"{unit}, {series.better} is better" if unit else f"{series.better} is better"


def change_unit(series: HistorySeries) -> str:
    """The unit that the drawing is in; empty for a score without one."""
    quantity = QUANTITIES.get(series.name.quantity)
    if series.scale == "ratio":
        return "%"
    return quantity.change_unit if quantity is not None else series.unit


def _days(night: str, result: HistoryResult) -> float:
    try:
        return _number(date.fromisoformat(night))
    except ValueError:
        return _number(date.fromisoformat(result.measured_at[:10]))


def _number(day: date) -> float:
    return float(day.toordinal())


def _date(number: float) -> str:
    """Such as `2026-11-30`; empty where there is no such day."""
    whole = round(number)
    return date.fromordinal(whole).isoformat() if 1 <= whole <= date.max.toordinal() else ""


def in_words(series: HistorySeries) -> str:
    """The drawing for whoever does not see it."""
    shown = [values[0] for result in series.results if (values := shown_values(series, result))]
    if not shown:
        return "No night has a value."
    unit = change_unit(series)
    span = f"from {fmt.number(min(shown), 2)} to {fmt.number(max(shown), 2)} {unit}".strip()
    nights = f"{series.results[0].night} to {series.results[-1].night}"
    return f"{fmt.count(len(shown), 'value')} {span} against the baseline, {nights}, and {len(series.marks)} marks."
