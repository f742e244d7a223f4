"""What is printed when a run or an analysis is done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from harness.cli.console import rich_console, silence_stdout

if TYPE_CHECKING:
    from harness.comparison import Comparison
    from harness.runs.folder import RunFolder


def show_outcome(folder: RunFolder, comparison: Comparison, *, as_json: bool) -> None:
    """The result as JSON, or a summary for people with the report's place.

    A stdout that is closed, or whose reader has gone, takes nothing from a run that is done: it is all in the folder.
    """
    if sys.stdout is None:
        return
    try:
        if as_json:
            # JSON is UTF-8 whatever the terminal's encoding is.
            sys.stdout.flush()
            sys.stdout.buffer.write((comparison.model_dump_json(indent=2, by_alias=True) + "\n").encode())
        else:
            from reports.terminal import render_terminal

            render_terminal(comparison, rich_console(), folder.report)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
