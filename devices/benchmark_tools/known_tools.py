"""Which tool wrote a text: every tool that is known, one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devices.benchmark_tools import (
    benchmark_model,
    benchncnn,
    executorch_runner,
    litert_benchmark,
    onnxruntime_perf_test,
)
from devices.benchmark_tools.log_dress import without_terminal
from devices.benchmark_tools.log_lines import unfinished_line
from devices.benchmark_tools.tool_run import ToolRun
from devices.readings.lines import looks_binary
from devices.readings.unavailable import NotThere


@dataclass(frozen=True)
class Tool:
    """A tool whose output is read."""

    name: str
    reads: str
    parse: Callable[[str], tuple[ToolRun, ...]]


@dataclass(frozen=True)
class ToolOutput:
    """What one tool said in a text."""

    tool: str
    runs: tuple[ToolRun, ...]
    """At least one."""


TOOLS = tuple(
    Tool(module.NAME, module.READS, module.parse)
    for module in (benchmark_model, litert_benchmark, onnxruntime_perf_test, benchncnn, executorch_runner)
)


def read_tool_output(text: str) -> tuple[ToolOutput, ...] | NotThere:
    """What each tool that is recognised said: mostly one, several where outputs follow each other in one text."""
    if looks_binary(without_terminal(text)):
        return NotThere("this is no text: it has control characters or bytes that are no UTF-8")
    found = [ToolOutput(tool.name, runs) for tool in TOOLS if (runs := tool.parse(text))]
    if found:
        return tuple(found)
    if not text.strip():
        return NotThere("there is nothing in it")
    if unfinished_line(text) is not None and "\n" not in text:
        return NotThere("no benchmark tool that is known wrote this, or its only line was cut: it has no line end")
    return NotThere("no benchmark tool that is known wrote this")
