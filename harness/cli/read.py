"""`bakeoff read`: the numbers in what another benchmark tool printed, and what is to be said against them."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from harness.cli.console import tell

if TYPE_CHECKING:
    from harness.documents.tool_numbers import FileNumbers


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="what a benchmark tool printed; - for stdin")
    parser.add_argument("--json", action="store_true", help="print JSON, with units and line numbers")


def execute(arguments: argparse.Namespace) -> int:
    """Read each text; where nothing in any of them is known, say what is read."""
    from devices.benchmark_tools.known_tools import TOOLS
    from harness.cli.main import EXIT_DONE, EXIT_INCOMPLETE
    from harness.cli.outcome import show_tool_numbers
    from harness.commands.read_text import HOW_TO_SAVE
    from harness.documents.tool_numbers import ReadNumbers, has_average
    from harness.errors import UserError

    names = list(dict.fromkeys(arguments.files))
    found = ReadNumbers(files=[_read(name, is_alone=len(names) == 1) for name in names])
    unknown = [each for each in found.files if each.problem is not None]
    problems = [f"{each.file}: {each.problem}" for each in unknown]
    if len(unknown) == len(found.files):
        raise UserError("; ".join(problems), f"What is read: {'; '.join(tool.reads for tool in TOOLS)}. {HOW_TO_SAVE}")
    show_tool_numbers(found, as_json=arguments.json)
    for problem in problems:
        tell(f"bakeoff: {problem}")
    runs = [run for each in found.files for tool in each.tools for run in tool.runs]
    return EXIT_DONE if not unknown and all(has_average(run) for run in runs) else EXIT_INCOMPLETE


def _read(name: str, *, is_alone: bool) -> FileNumbers:
    from devices.benchmark_tools.known_tools import read_tool_output
    from devices.readings.unavailable import NotThere
    from harness.commands.read_text import read_text
    from harness.documents.tool_numbers import FileNumbers, tool_numbers
    from harness.errors import UserError

    # A name may hold bytes that are no text.
    shown = os.fsencode(name).decode("utf-8", "replace")
    try:
        outputs = read_tool_output(read_text(name))
    except UserError as error:
        if is_alone:
            raise
        return FileNumbers(file=shown, tools=[], problem=error.what.removeprefix(f"{name}: "))
    if isinstance(outputs, NotThere):
        return FileNumbers(file=shown, tools=[], problem=outputs.reason)
    return FileNumbers(file=shown, tools=[tool_numbers(output) for output in outputs])
