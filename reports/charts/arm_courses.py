"""Memory or power of each arm over its own pass: one point a fresh process, or a long block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.documents.comparison import ArmCourse
from harness.quantity import QUANTITIES, Available
from reports import format as fmt
from reports.charts.inline_svg import LINE_STYLES, MARKERS, SERIES, inline_svg, plain_axis_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def arm_courses(courses: Sequence[ArmCourse], series: Sequence[int], *, prefix: str) -> Markup:
    """All of one quantity, each with values. `series` is the colour, marker and line style of each."""
    quantity = QUANTITIES.get(courses[0].quantity)
    divisor = 1.0 if quantity is None else quantity.display_divisor

    def draw(axes: Axes) -> None:
        for course, index in zip(courses, series, strict=True):
            axes.plot(
                course.at_s,
                [value / divisor for value in course.values],
                color=SERIES[index % len(SERIES)],
                linestyle=LINE_STYLES[index % len(LINE_STYLES)],
                linewidth=1.0,
                marker=MARKERS[index % len(MARKERS)],
                markersize=4.5,
                markeredgewidth=0,
            )
        axes.margins(x=0.03, y=0.1)
        plain_axis_numbers(axes)
        axes.set_xlabel("seconds since the start of its pass")
        axes.set_ylabel("" if quantity is None else quantity.display_unit)

    title = f"{fmt.label(courses[0].quantity)} over its pass"
    return inline_svg(draw, prefix=prefix, title=title, description="; ".join(map(course_in_words, courses)))


def course_in_words(course: ArmCourse) -> str:
    """`int8: from 80.12 MB to 84.30 MB in 5 values`."""
    lowest, highest = (_value(end, course) for end in (min(course.values), max(course.values)))
    return f"{course.arm}: from {lowest} to {highest} in {fmt.count(len(course.values), 'value')}"


def _value(value: float, course: ArmCourse) -> str:
    quantity = QUANTITIES.get(course.quantity)
    unit = "" if quantity is None else quantity.unit
    return fmt.measured(Available(value=value, unit=unit, source=course.source), course.quantity).text
