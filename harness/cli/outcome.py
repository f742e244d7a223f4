"""What is printed when a run, an analysis or a soak is done, a soak is looked at, or another tool's text is read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.cli.console import rich_console, silence_stdout

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel
    from rich.console import Console

    from harness.documents.comparison import Comparison
    from harness.documents.folder import RunFolder
    from harness.documents.soak_result import SoakResult
    from harness.documents.tool_numbers import ReadNumbers


def show_outcome(
    folder: RunFolder, comparison: Comparison, *, as_json: bool, page: Path | None = None, whole: bool = False
) -> None:
    """A run's result as JSON, or a summary for people with the place of the report, or of another `page`.

    On a terminal that is the first screen, unless the `whole` is asked for; a pipe or a file has it whole.
    """
    from reports.first_screen_terminal import render_first_screen
    from reports.terminal import render_terminal

    def render(console: Console) -> None:
        if whole or not console.is_terminal:
            render_terminal(comparison, console, page or folder.report)
        else:
            render_first_screen(comparison, console, page or folder.report, folder.path)

    _show(comparison, render, as_json=as_json)


def show_soak(result: SoakResult, page: Path, *, as_json: bool) -> None:
    """A soak's result as JSON, or a summary for people with the report's place."""
    from reports.soak_terminal import render_soak_terminal

    _show(result, lambda console: render_soak_terminal(result, console, page), as_json=as_json)


def show_tool_numbers(found: ReadNumbers, *, as_json: bool) -> None:
    """What other tools' texts say, as JSON or as tables for people."""
    from reports.tool_numbers_terminal import render_tool_numbers

    _show(found, lambda console: render_tool_numbers(found, console), as_json=as_json)


def show_model(result: BaseModel, render: Callable[[Console], None], *, as_json: bool) -> None:
    """Any document, as JSON or by what renders it for people."""
    _show(result, render, as_json=as_json)


def show_bytes(content: bytes) -> None:
    """A file of UTF-8 text on stdout, whatever the terminal's encoding is."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def _show(result: BaseModel, render: Callable[[Console], None], *, as_json: bool) -> None:
    """A stdout that is closed, or whose reader has gone, takes nothing from a run that is done: it is all in the
    folder.
    """
    if sys.stdout is None:
        return
    try:
        if as_json:
            # JSON is UTF-8 whatever the terminal's encoding is.
            sys.stdout.flush()
            sys.stdout.buffer.write((result.model_dump_json(indent=2, by_alias=True) + "\n").encode())
        else:
            render(rich_console())
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
