"""Heat, clocks and free memory of a device while latency was measured, on the time axis of the block medians."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.documents.comparison import Reading, SlowStretch
from harness.quantity import Available
from reports import format as fmt
from reports.charts.inline_svg import INK, inline_svg, plain_axis_numbers, shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXES = {"kHz": ("MHz", 1e3), "bytes": ("MB", 1e6)}


def readings_chart(reading: Reading, end_s: float, *, prefix: str, slow: SlowStretch | None = None) -> Markup:
    """One reading over the run; the axis ends at `end_s`, so that it lines up with the chart of blocks, and the band
    over `slow` does.
    """
    unit, divisor = _AXES.get(reading.unit, (reading.unit, 1.0))

    def draw(axes: Axes) -> None:
        axes.plot(
            reading.at_s,
            [value / divisor for value in reading.values],
            color=INK,
            linewidth=1.4,
            drawstyle="steps-post" if reading.name == "thermal status" else "default",
        )
        axes.set_xlim(-0.03 * end_s, 1.03 * end_s if end_s > 0 else 1.0)
        axes.margins(y=0.1)
        shade(axes, slow)
        plain_axis_numbers(axes)
        axes.set_xlabel("seconds since the start")
        axes.set_ylabel(unit or reading.name)

    return inline_svg(draw, prefix=prefix, title=_title(reading), description=reading_in_words(reading))


def reading_in_words(reading: Reading) -> str:
    """`Temperature: from 41 °C to 55 °C, at the end 53 °C`."""
    lowest, highest, last = (
        fmt.measured(Available(value=value, unit=reading.unit, source="the device")).text
        for value in (min(reading.values), max(reading.values), reading.values[-1])
    )
    return f"{_title(reading)}: from {lowest} to {highest}, at the end {last}"


def _title(reading: Reading) -> str:
    return reading.name[:1].upper() + reading.name[1:]
