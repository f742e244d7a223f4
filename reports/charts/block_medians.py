"""The median of each block over the time of the pass: whether a device drifted, and whether both arms drifted alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.comparison import LatencyDistribution
from harness.quantity import QUANTITIES
from reports import format as fmt
from reports.charts.inline_svg import LINE_STYLES, MARKERS, SERIES, inline_svg, plain_axis_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY_BLOCKS = 300
"""From here on a line without markers: a marker costs a hundred bytes of page each."""


def block_medians(distributions: Sequence[LatencyDistribution], series: Sequence[int], *, prefix: str) -> Markup:
    """One point a block. `series` is the colour, marker and line style of each distribution."""
    divisor = QUANTITIES["latency_p50"].display_divisor

    def draw(axes: Axes) -> None:
        for distribution, index in zip(distributions, series, strict=True):
            many = len(distribution.block_medians_ns) >= MANY_BLOCKS
            axes.plot(
                distribution.block_started_s,
                [latency / divisor for latency in distribution.block_medians_ns],
                color=SERIES[index % len(SERIES)],
                linestyle=LINE_STYLES[index % len(LINE_STYLES)],
                linewidth=1.0,
                marker="" if many else MARKERS[index % len(MARKERS)],
                markersize=4.5,
                markeredgewidth=0,
            )
        axes.margins(x=0.03, y=0.1)
        plain_axis_numbers(axes)
        axes.set_xlabel("seconds since the start")
        axes.set_ylabel("milliseconds")

    description = "; ".join(_in_words(distribution) for distribution in distributions)
    return inline_svg(draw, prefix=prefix, title="Did it stay the same while measuring?", description=description)


def _in_words(distribution: LatencyDistribution) -> str:
    medians = distribution.block_medians_ns
    if not medians:
        return f"{distribution.arm}: no blocks"
    return (
        f"{distribution.arm}: {fmt.count(len(medians), 'block')}, medians from {fmt.milliseconds(min(medians))} "
        f"to {fmt.milliseconds(max(medians))}"
    )
