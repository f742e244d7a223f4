"""The journal as one HTML file: no network, no JavaScript."""

from __future__ import annotations

from itertools import groupby

from harness.documents.journal import Journal
from reports import format as fmt
from reports.page_environment import page_environment


def render_journal_html(journal: Journal) -> str:
    """The page. The same journal gives the same text."""
    environment = page_environment()
    environment.globals.update(decision_words=fmt.DECISION_WORDS)
    days = [(day, list(entries)) for day, entries in groupby(journal.entries, key=lambda entry: entry.day)]
    return environment.get_template("journal.html.j2").render(journal=journal, days=days)
