"""What is printed when a run or an analysis is done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.comparison import Comparison
    from harness.run_folder import RunFolder


def show_outcome(folder: RunFolder, comparison: Comparison, *, as_json: bool) -> None:
    """The result as JSON, or a summary for people with the report's place."""
    if as_json:
        sys.stdout.write(comparison.model_dump_json(indent=2, by_alias=True) + "\n")
        return
    from rich.console import Console

    from reports.terminal import render_terminal

    render_terminal(comparison, Console(), folder.report)
