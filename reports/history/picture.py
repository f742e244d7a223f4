"""Series as one picture, PNG or SVG, for a slide or a chat: one below the other."""

from __future__ import annotations

import io
from typing import Final, Literal

from harness.documents.history import HistoryShown
from reports.history.course import OF_A_PICTURE, axis_in_words, draw
from reports.inert_text import inert

MOST_SERIES: Final = 20
"""The most in one picture."""
_WIDTH_INCHES, _HEIGHT_INCHES = 9.0, 2.8


def render_picture(shown: HistoryShown, kind: Literal["png", "svg"]) -> bytes:
    """The picture. The same series give the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    count = max(1, len(shown.series))
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "svg.hashsalt": "bakeoff",
                "text.usetex": False,
                "text.parse_math": False,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.axisbelow": True,
                "axes.edgecolor": OF_A_PICTURE.grid,
                "axes.labelcolor": OF_A_PICTURE.ink,
                "grid.color": OF_A_PICTURE.grid,
            }
        )
        figure = Figure(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES * count), dpi=120, layout="constrained")
        for row, series in enumerate(shown.series, start=1):
            axes = figure.add_subplot(count, 1, row)
            axes.grid(linewidth=0.6)
            name = series.name
            title = inert(f"{series.label} of {name.candidate}, {name.experiment} on {name.device}")
            axes.set_title(title[:140], loc="left", fontsize=10, pad=16)
            draw(axes, series, OF_A_PICTURE)
            axes.set_ylabel(axis_in_words(series))
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return buffer.getvalue()
