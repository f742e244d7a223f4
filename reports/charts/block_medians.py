"""The median of each block over the time of the pass: whether a device drifted, and whether both arms drifted alike.

What was found to stand out is marked where it is, by shape and not by colour alone: a ring around a block unlike its
neighbours, a tick at the upper edge over a block that held a stalled inference (which would be far above the drawing),
thin lines for two speeds or a drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.documents.comparison import LatencyDistribution, SlowStretch
from harness.unit import UNITS
from reports import format as fmt
from reports.charts.inline_svg import LINE_STYLES, MARKERS, SERIES, WIDTH, inline_svg, plain_axis_numbers, shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY_BLOCKS = 300
"""From here on a line without markers: a marker costs a hundred bytes of page each."""
MOST_RINGS = 60
"""The most rings of an arm: those furthest away. The words beside the chart say how many there are."""
_TICK_ROW = 0.035
"""Height of a row of ticks, one an arm, as a share of the drawing's."""


def block_medians(
    distributions: Sequence[LatencyDistribution],
    series: Sequence[int],
    *,
    prefix: str,
    slow: SlowStretch | None = None,
) -> Markup:
    """One point a block, and a band over `slow`. `series` is the colour, marker and line style of each distribution."""
    divisor = UNITS["ns"].display_divisor
    stalled = [distribution for distribution in distributions if distribution.stalls]

    def draw(axes: Axes) -> None:
        for distribution, index in zip(distributions, series, strict=True):
            many = len(distribution.block_medians_ns) >= MANY_BLOCKS
            colour = SERIES[index % len(SERIES)]
            axes.plot(
                distribution.block_started_s,
                [latency / divisor for latency in distribution.block_medians_ns],
                color=colour,
                linestyle=LINE_STYLES[index % len(LINE_STYLES)],
                linewidth=1.0,
                marker="" if many else MARKERS[index % len(MARKERS)],
                markersize=4.5,
                markeredgewidth=0,
            )
            _draw_course(axes, distribution, colour, divisor)
            _draw_rings(axes, distribution, colour, divisor)
            if distribution.stalls:
                _draw_ticks(axes, distribution, colour, stalled.index(distribution))
        # Rows of ticks have the upper edge for themselves.
        axes.margins(x=0.03, y=0.1 + 2 * _TICK_ROW * len(stalled))
        shade(axes, slow)
        plain_axis_numbers(axes)
        axes.set_xlabel("seconds since the start")
        axes.set_ylabel("milliseconds")

    description = "; ".join([_in_words(distribution) for distribution in distributions] + slow_in_words(slow))
    return inline_svg(draw, prefix=prefix, title="Did it stay the same while measuring?", description=description)


def marks_in_words(distributions: Sequence[LatencyDistribution]) -> list[str]:
    """A sentence for each kind of mark that the chart has, with no name in it; empty where it has none."""
    words = []
    outlying = sum(len(distribution.outlying_blocks) for distribution in distributions)
    ringed = sum(min(MOST_RINGS, len(distribution.outlying_blocks)) for distribution in distributions)
    if outlying:
        which = "" if ringed == outlying else f", the furthest of {outlying}"
        words.append(f"Ringed: {fmt.count(ringed, 'burst')} unlike the neighbours{which}.")
    stalls = [stall for distribution in distributions for stall in distribution.stalls]
    if stalls:
        slowest = fmt.milliseconds(max(stall.slowest_ns for stall in stalls))
        words.append(
            f"Ticks at the upper edge: {fmt.count(len(stalls), 'burst')} with an inference far slower than the rest "
            f"(the slowest took {slowest})."
        )
    kinds = {distribution.course.kind for distribution in distributions if distribution.course is not None}
    if "two speeds" in kinds:
        words.append("Thin level lines: the two speeds that a build jumped between.")
    if "drift" in kinds:
        words.append("Thin slanting line: a drift.")
    if words:
        words.append("Nothing is left out of the numbers.")
    return words


_CAUSES: dict[str, str] = {
    "heat": "the device throttled",
    "others": "other programs took its time",
    "unknown": "the device was slower, and it is not known why",
}


def slow_in_words(slow: SlowStretch | None) -> list[str]:
    """`Shaded: the device throttled, a fixed work took up to 25 % longer than at first (12 s to 19 s)`."""
    if slow is None:
        return []
    longer = fmt.percent(slow.factor - 1.0, decimals=0)
    when = f"{fmt.seconds(slow.from_s)} to {fmt.seconds(slow.to_s)}"
    return [f"Shaded: {_CAUSES[slow.cause]}, a fixed work took up to {longer} longer than at first ({when})"]


def _draw_course(axes: Axes, distribution: LatencyDistribution, colour: str, divisor: float) -> None:
    if distribution.course is None or not distribution.block_started_s:
        return
    begins, ends = (latency / divisor for latency in distribution.course.levels_ns)
    span = [distribution.block_started_s[0], distribution.block_started_s[-1]]
    lines = [(begins, begins), (ends, ends)] if distribution.course.kind == "two speeds" else [(begins, ends)]
    for line in lines:
        axes.plot(span, line, color=colour, linestyle="-", linewidth=0.8)


def _draw_rings(axes: Axes, distribution: LatencyDistribution, colour: str, divisor: float) -> None:
    ringed = sorted(distribution.outlying_blocks[:MOST_RINGS])
    if not ringed:
        return
    axes.plot(
        [distribution.block_started_s[place] for place in ringed],
        [distribution.block_medians_ns[place] / divisor for place in ringed],
        linestyle="",
        marker="o",
        markersize=11.0,
        markerfacecolor="none",
        markeredgecolor=colour,
        markeredgewidth=1.5,
    )


def _draw_ticks(axes: Axes, distribution: LatencyDistribution, colour: str, row: int) -> None:
    """One path for all, and one tick at most for each unit of the drawing's width."""
    started = distribution.block_started_s
    width = max(started[-1] - started[0], 1e-9)
    columns = {
        round((started[stall.block] - started[0]) / width * WIDTH): started[stall.block]
        for stall in distribution.stalls
    }
    top = 0.99 - 1.4 * row * _TICK_ROW
    gap = float("nan")
    axes.plot(
        [x for at in columns.values() for x in (at, at, gap)],
        [y for _ in columns for y in (top, top - _TICK_ROW, gap)],
        transform=axes.get_xaxis_transform(),
        color=colour,
        linestyle="-",
        linewidth=1.5,
    )


def _in_words(distribution: LatencyDistribution) -> str:
    medians = distribution.block_medians_ns
    if not medians:
        return f"{distribution.arm}: no blocks"
    words = (
        f"{distribution.arm}: {fmt.count(len(medians), 'block')}, medians from {fmt.milliseconds(min(medians))} "
        f"to {fmt.milliseconds(max(medians))}"
    )
    if distribution.outlying_blocks:
        furthest = distribution.outlying_blocks[0]
        words += (
            f", {fmt.count(len(distribution.outlying_blocks), 'block')} unlike the neighbours (furthest "
            f"{fmt.milliseconds(medians[furthest])} at {fmt.seconds(distribution.block_started_s[furthest])})"
        )
    if distribution.stalls:
        slowest = max(distribution.stalls, key=lambda stall: stall.slowest_ns)
        words += (
            f", {fmt.count(len(distribution.stalls), 'block')} with a far slower inference (slowest "
            f"{fmt.milliseconds(slowest.slowest_ns)} at {fmt.seconds(distribution.block_started_s[slowest.block])})"
        )
    if distribution.course is not None:
        first, last = (fmt.milliseconds(latency) for latency in distribution.course.levels_ns)
        two = distribution.course.kind == "two speeds"
        words += f", two speeds of {first} and {last}" if two else f", a drift from {first} to {last}"
    return words
