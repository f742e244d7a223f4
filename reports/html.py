"""comparison.json as one HTML file: no network, no JavaScript, pictures and figures inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from harness.comparison import Comparison
from reports import format as fmt
from reports.charts.latency_distribution import quantile
from reports.embedded_images import TOTAL_LIMIT_BYTES, ImageEmbedder
from reports.identity_facts import identity_facts
from reports.inert_text import inert
from reports.page import lay_out, reasons_beside, reasons_unavailable

TEMPLATES = Path(__file__).parent / "templates"

_LEVELS = ((0.5, "Half within"), (0.9, "9 of 10 within"), (0.99, "99 of 100 within"))


def render_html(comparison: Comparison, run_folder: Path, *, image_limit_bytes: int = TOTAL_LIMIT_BYTES) -> str:
    """The report of `comparison`. `run_folder` is where the paths of its pictures begin.

    The same comparison and pictures give the same text. At most `image_limit_bytes` of PNG files are embedded; the
    page names those it leaves out, and those that are not there.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_inert_unless_markup,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(
        fmt=fmt,
        identity_facts=identity_facts,
        quantile=quantile,
        levels=_LEVELS,
        decision_words=fmt.DECISION_WORDS,
        reasons_beside=reasons_beside,
        reasons_unavailable=reasons_unavailable,
    )
    style = Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))
    page = lay_out(comparison, ImageEmbedder(run_folder, image_limit_bytes))
    return environment.get_template("report.html.j2").render(page=page, comparison=comparison, style=style)


def _inert_unless_markup(value: Any) -> Any:
    # Every text that a template puts into the page comes through here before it is escaped.
    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value
