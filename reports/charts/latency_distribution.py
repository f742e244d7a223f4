"""How the inferences of each arm are spread: the share that was done within so many milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.documents.comparison import LatencyDistribution
from harness.quantity import FEWEST_FOR_P99
from harness.unit import UNITS
from reports import format as fmt
from reports.charts.inline_svg import LINE_STYLES, MARKERS, SERIES, inline_svg, plain_axis_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TAILS = (0.9, 0.99)
"""These levels are marked on each line."""
EDGE_LEVEL = 0.99
"""The drawing ends here: the slowest one in a hundred would push everything else to the left edge."""


def latency_distribution(distributions: Sequence[LatencyDistribution], series: Sequence[int], *, prefix: str) -> Markup:
    """The distributions drawn through their quantiles. `series` is the colour and line style of each."""
    divisor = UNITS["ns"].display_divisor

    def draw(axes: Axes) -> None:
        edges = []
        for distribution, index in zip(distributions, series, strict=True):
            points = sorted(zip(distribution.quantiles_ns, distribution.quantile_levels, strict=True))
            if not points:
                continue
            axes.plot(
                [latency / divisor for latency, _ in points],
                [100.0 * level for _, level in points],
                color=SERIES[index % len(SERIES)],
                linestyle=LINE_STYLES[index % len(LINE_STYLES)],
                linewidth=2.2,
            )
            tails = [
                (latency / divisor, 100.0 * level)
                for latency, level in points
                if level in _TAILS and is_told(distribution, level)
            ]
            axes.plot(
                [latency for latency, _ in tails],
                [share for _, share in tails],
                color=SERIES[index % len(SERIES)],
                linestyle="",
                marker=MARKERS[index % len(MARKERS)],
                markersize=6.0,
                markeredgewidth=0,
            )
            edges.append(max((x for x, level in points if level <= EDGE_LEVEL), default=points[-1][0]) / divisor)
        axes.set_ylim(0, 100)
        starts = [min(d.quantiles_ns) / divisor for d in distributions if d.quantiles_ns]
        if edges:
            left, right = min(starts), max(edges)
            room = 0.04 * (right - left) or 0.05 * right or 1.0
            axes.set_xlim(max(0.0, left - room), right + room)
        plain_axis_numbers(axes)
        axes.set_yticks((0, 25, 50, 75, 100))
        axes.set_xlabel("milliseconds")
        axes.set_ylabel("% done")

    description = "; ".join(_in_words(distribution) for distribution in distributions)
    return inline_svg(draw, prefix=prefix, title="How long an inference takes", description=description)


def quantile(distribution: LatencyDistribution, level: float) -> float | None:
    """The quantile at exactly this level, if it is among those given. Nanoseconds."""
    for known, latency_ns in zip(distribution.quantile_levels, distribution.quantiles_ns, strict=True):
        if abs(known - level) < 1e-9:
            return latency_ns
    return None


def is_told(distribution: LatencyDistribution, level: float) -> bool:
    """Whether there are enough inferences to speak of this quantile, by the measure of the table of changes."""
    return level < EDGE_LEVEL or distribution.inferences >= FEWEST_FOR_P99


def _in_words(distribution: LatencyDistribution) -> str:
    half, most = quantile(distribution, 0.5), quantile(distribution, 0.9)
    text = f"{distribution.arm}: from {fmt.milliseconds(distribution.minimum_ns)}"
    if half is not None:
        text += f", half within {fmt.milliseconds(half)}"
    if most is not None:
        text += f", nine in ten within {fmt.milliseconds(most)}"
    return f"{text}, slowest {fmt.milliseconds(distribution.maximum_ns)}"
