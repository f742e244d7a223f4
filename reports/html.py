"""comparison.json as one HTML file: no network, pictures and figures inside, and one script of its own that adds a
viewer; without it everything reads.
"""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from pathlib import Path
from typing import Final

from markupsafe import Markup

from harness.documents.comparison import Comparison
from reports import format as fmt
from reports.charts.latency_distribution import quantile
from reports.charts.value_bar import in_words
from reports.comparison_parts import reasons_beside, reasons_unavailable, tail_of
from reports.embedded_images import TOTAL_LIMIT_BYTES, left_for_files
from reports.identity_facts import identity_facts
from reports.page import lay_out
from reports.page_environment import TEMPLATES, page_environment

VOTE_PAGE: Final = "vote.html"
"""The page of a blind look, as `bakeoff votes RUN --page` calls it."""
_LEVELS = ((0.5, "Half within"), (0.9, "9 of 10 within"), (0.99, "99 of 100 within"))


def render_html(comparison: Comparison, run_folder: Path, *, image_limit_bytes: int = TOTAL_LIMIT_BYTES) -> str:
    """The report of `comparison`. `run_folder` is where the paths of its pictures begin.

    The same comparison and pictures give the same text. At most `image_limit_bytes` of pictures are embedded; what
    is larger than its share of them is made smaller, with its worst region lossless beside and a link to the original.
    The page names those it leaves out, and those that are not there.
    """
    environment = page_environment()
    script = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("viewer.js", "strip.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    environment.globals.update(
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        identity_facts=identity_facts,
        quantile=quantile,
        value_in_words=in_words,
        levels=_LEVELS,
        decision_words=fmt.DECISION_WORDS,
        reasons_beside=reasons_beside,
        reasons_unavailable=reasons_unavailable,
        tail_in_words=partial(tail_of, noun=comparison.item_noun),
    )
    page = lay_out(comparison, run_folder, min(image_limit_bytes, left_for_files(comparison)))
    # Its name is all that is told of it, and it is linked where it lies beside the page.
    vote_page = VOTE_PAGE if (run_folder / VOTE_PAGE).is_file() else None
    return environment.get_template("report.html.j2").render(page=page, comparison=comparison, vote_page=vote_page)
