"""A gallery of runs as one HTML file: the newest first, each with its verdicts and a link to its page.

It reads fully without JavaScript; with it, a field searches. The script is in the page, and the page's policy lets no
other one run.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

from harness.documents.comparison import Comparison
from reports import format as fmt
from reports.page_environment import TEMPLATES, page_environment

_SCRIPT: Final = TEMPLATES / "run_index.js"


@dataclass(frozen=True)
class IndexedRun:
    """A run below the folder of the gallery. One whose comparison.json cannot be read has a `fault` instead."""

    place: PurePosixPath
    """Its folder, relative to the page."""
    comparison: Comparison | None
    has_page: bool
    fault: str | None = None
    told_place: str | None = None
    """What is shown of its folder, where its name tells what must not be told; None where it may be seen."""

    @property
    def link(self) -> str | None:
        """Where its page is, relative to the gallery's; None where it has none, or its folder may not be told."""
        # With a dot in front no folder's name is a scheme.
        is_told = self.has_page and self.told_place is None
        return f"./{quote(os.fsencode(self.place / 'report.html'))}" if is_told else None

    @property
    def shown_place(self) -> str:
        """Its folder, for people."""
        return str(self.place) if self.told_place is None else self.told_place


def render_run_index(runs: Sequence[IndexedRun], title: str) -> str:
    """The page. The same runs give the same text, in whatever order they come."""
    script = _SCRIPT.read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode("ascii")
    environment = page_environment()
    environment.globals.update(decision_words=fmt.DECISION_WORDS)
    by_place = sorted(runs, key=lambda run: str(run.place))
    newest_first = sorted(
        by_place, key=lambda run: run.comparison.created_at if run.comparison is not None else "", reverse=True
    )
    return environment.get_template("run_index.html.j2").render(
        runs=newest_first, title=title, script=Markup(script), script_hash=digest
    )
