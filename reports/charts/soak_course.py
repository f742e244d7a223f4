"""Something over the hours of a soak; where a session began anew, a dotted line stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.documents.soak_result import Series
from reports import format as fmt
from reports.charts.inline_svg import INK, LINE_STYLES, SERIES, inline_svg, plain_axis_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_IN_SECONDS_BELOW_HOURS = 0.1
_MOST_BREAKS = 50
"""A chart with more lines than that shows nothing else; the list of interruptions has them all."""


def soak_course(
    lines: Sequence[Series], breaks: Sequence[float], *, title: str, unit: str, divisor: float, prefix: str
) -> Markup:
    """`breaks` are hours; values are divided by `divisor` and then in `unit`."""
    last = max(line.hours[-1] for line in lines)
    factor, axis = (3600.0, "seconds of soaking") if last < _IN_SECONDS_BELOW_HOURS else (1.0, "hours of soaking")

    def draw(axes: Axes) -> None:
        for index, line in enumerate(lines):
            axes.plot(
                [hour * factor for hour in line.hours],
                [value / divisor for value in line.values],
                color=SERIES[index],
                linestyle=LINE_STYLES[index],
                linewidth=1.0,
            )
        for hour in breaks[:_MOST_BREAKS]:
            axes.axvline(hour * factor, color=INK, linestyle=(0, (1, 2)), linewidth=0.8)
        axes.margins(x=0.02, y=0.1)
        plain_axis_numbers(axes)
        axes.set_xlabel(axis)
        axes.set_ylabel(unit)

    description = "; ".join(_in_words(line, unit, divisor) for line in lines)
    return inline_svg(draw, prefix=prefix, title=f"{title} over the soak", description=description)


def _in_words(line: Series, unit: str, divisor: float) -> str:
    low, high = min(line.values) / divisor, max(line.values) / divisor
    return f"{line.label}: from {fmt.number(low, 2)} to {fmt.number(high, 2)} {unit}"
