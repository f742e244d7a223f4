"""A matplotlib figure as inline SVG that follows the page: its colours, its font, no identifiers that clash."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

from reports.inert_text import inert

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.documents.comparison import SlowStretch

WIDTH, HEIGHT = 420.0, 250.0

# Colours drawn in and replaced by the page's own, so that a figure is right in light, in dark and on paper.
INK: Final = "#010001"
GRID: Final = "#010002"
SERIES: Final = ("#020001", "#020002", "#020003", "#020004", "#020005", "#020006")
LINE_STYLES: Final = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1.2, 2)), (0, (3, 1)), (0, (8, 2)))
"""Beside the colour, so that series can be told apart without it."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P")

_VARIABLES = {INK: "var(--muted)", GRID: "var(--line)"} | {
    colour: f"var(--series-{index})" for index, colour in enumerate(SERIES)
}


def inline_svg(draw: Callable[[Axes], None], *, prefix: str, title: str, description: str) -> Markup:
    """The figure that `draw` makes, as one <svg> element of 420 × 250 units.

    `prefix` (letters, digits, hyphens) makes its identifiers unique in the page. `title` and `description` are its
    text alternative and are escaped here. The same drawing gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": prefix,
                "font.size": 12,
                "text.usetex": False,
                "text.parse_math": False,
                "axes.edgecolor": GRID,
                "axes.labelcolor": INK,
                "xtick.color": GRID,
                "ytick.color": GRID,
                "xtick.labelcolor": INK,
                "ytick.labelcolor": INK,
                "grid.color": GRID,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.axisbelow": True,
            }
        )
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72, facecolor="none")
        axes = figure.add_axes((0.14, 0.19, 0.83, 0.77), facecolor="none")
        axes.grid(linewidth=0.6)
        draw(axes)
        buffer = io.StringIO()
        figure.savefig(
            buffer,
            format="svg",
            facecolor="none",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return Markup(_for_the_page(buffer.getvalue(), prefix, title, description))


def _for_the_page(svg: str, prefix: str, title: str, description: str) -> str:
    body = svg[svg.index("<svg") :]
    body = body[body.index(">") + 1 : body.rindex("</svg>")]
    # A style element inside an inline SVG is a style of the whole page.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]*;?\s*", "", body)
    referenced = set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", body))
    body = re.sub(
        r'\s+id="([^"]+)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in referenced else "", body
    )
    body = re.sub(r'xlink:href="#', f'href="#{prefix}-', body)
    body = re.sub(r"url\(#", f"url(#{prefix}-", body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, variable)
    body = re.sub(r"\s*\n\s*", " ", body)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-labelledby="{prefix}-title {prefix}-description">'
        f'<title id="{prefix}-title">{escape(inert(title))}</title>'
        f'<desc id="{prefix}-description">{escape(inert(description))}</desc>{body.strip()}</svg>'
    )


def shade(axes: Axes, stretch: SlowStretch | None) -> None:
    """Mark where the device was slower: a band with dashed edges, so that it is seen without its colour."""
    if stretch is None:
        return
    # A stretch of one block is a moment; the band is wide enough to be seen.
    least = 0.01 * (axes.get_xlim()[1] - axes.get_xlim()[0])
    ends = stretch.from_s, max(stretch.to_s, stretch.from_s + least)
    axes.axvspan(*ends, facecolor=GRID, alpha=0.45, linewidth=0, zorder=0.5)
    for at in ends:
        axes.axvline(at, color=INK, linestyle=(0, (3, 2)), linewidth=0.8, zorder=0.6)


def plain_axis_numbers(axes: Axes) -> None:
    """Ticks as plain numbers: no offsets, no exponents, few enough to read on a telephone."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:.10g}".replace("-", "\N{MINUS SIGN}")))
