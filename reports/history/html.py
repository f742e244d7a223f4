"""Series as one HTML file: no network, no JavaScript, charts inside, with notes and changes marked."""

from __future__ import annotations

from typing import Final

from harness.documents.history import HistoryShown
from reports.history.course import axis_in_words, course
from reports.page_environment import page_environment

MOST_SERIES: Final = 200
"""The most on one page."""
_SHOWN_NIGHTS: Final = 60
_MARKS: Final = {"change": "Changed", "note": "Note", "environment": "Environment", "design": "New series"}


def render_history_html(shown: HistoryShown) -> str:
    """The page. The same series give the same text."""
    environment = page_environment()
    environment.globals.update(mark_words=_MARKS, shown_nights=_SHOWN_NIGHTS, axis_in_words=axis_in_words)
    sections = [(series, course(series, f"series-{index}")) for index, series in enumerate(shown.series)]
    return environment.get_template("history.html.j2").render(shown=shown, sections=sections)
