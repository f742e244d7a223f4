"""The night as the summary of a GitHub Actions job: what `markdown` says, within what GitHub takes.

A workflow appends it to the file that `$GITHUB_STEP_SUMMARY` names; GitHub refuses more than a mebibyte of it.
"""

from __future__ import annotations

from typing import Final

from harness.documents.nightly import Nightly
from reports.nightly.markdown import night_in_markdown
from reports.nightly.rendering import Rendering

MOST_BYTES: Final = 1 << 20
_CUT: Final = "\n\nThis summary is cut short here: see the page.\n"


def _render(nightly: Nightly) -> bytes:
    content = night_in_markdown(nightly).encode()
    if len(content) <= MOST_BYTES:
        return content
    # At the end of a line: a row of a table or an item of a list stays whole.
    room = content[: MOST_BYTES - len(_CUT)]
    return room[: room.rindex(b"\n")] + _CUT.encode()


RENDERING = Rendering("github-summary", "github-summary.md", "the summary of a GitHub Actions job", _render)
