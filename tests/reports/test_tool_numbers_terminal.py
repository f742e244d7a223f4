"""Numbers of other tools on a terminal: hostile names do nothing, wide numbers stay whole."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from devices.benchmark_tools.known_tools import ToolOutput
from devices.benchmark_tools.printed import PrintedNumber, PrintedText
from devices.benchmark_tools.tool_run import Delegation, Operator, ToolRun
from devices.readings.unavailable import NotThere
from harness.documents.tool_numbers import FileNumbers, ReadNumbers, tool_numbers
from reports.tool_numbers_terminal import render_tool_numbers
from tests.reports.sample_comparison import HOSTILE_NAMES

GONE = NotThere("not said")


def number(value: float, step: float | None = None) -> PrintedNumber:
    return PrintedNumber(value, 1, step)


def run(model: str, **values: object) -> ToolRun:
    fields = {"avg_ms": number(10.0), "min_ms": number(9.0), "max_ms": number(11.0), "count": number(50.0), **values}
    return ToolRun(1, 1, model=PrintedText(model, 1), **fields)  # type: ignore[arg-type]


def printed(*runs: ToolRun, file: str = "x.txt", **options: object) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=80, **options)  # type: ignore[arg-type]
    found = ReadNumbers(files=[FileNumbers(file=file, tools=[tool_numbers(ToolOutput("a tool", runs))])])
    render_tool_numbers(found, console)
    return stream.getvalue()


def unwrapped(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


@pytest.mark.parametrize("text", HOSTILE_NAMES)
def test_hostile_text_is_printed_and_does_nothing(text):
    hostile = run(
        text,
        problem=text,
        delegations=(Delegation(text, "part", number(1.0), number(2.0), number(3.0), 1),),
        operators=(Operator(text, text, 1.0, GONE, GONE, 1),),
        remarks=(text,),
        median_ms=NotThere(text),
    )
    output = printed(hostile, file=text, force_terminal=True, color_system="standard")
    without_colours = re.sub(r"\x1b\[[0-9;]*m", "", output)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", without_colours)
    assert "\x1b[31mred" not in output
    assert max(cell_len(line) for line in without_colours.splitlines()) <= 80
    if text.startswith("[bold red]"):
        assert "[bold red]not markup[/bold red]" in unwrapped(without_colours)


def test_what_is_not_a_terminal_gets_plain_text():
    assert "\x1b" not in printed(run("m"))


def test_wide_numbers_are_whole():
    wide = run("m" * 60, avg_ms=number(123456789.12), median_ms=number(123456789.0), std_ms=number(99999999.0))
    wide = ToolRun(**{**vars(wide), "min_ms": number(103456789.0), "max_ms": number(223456789.12)})
    text = printed(wide)
    assert "…" not in text
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "123456789.12" in text


def test_a_first_inference_below_the_tool_s_step_is_not_0():
    assert "first inference under 1 ms" in unwrapped(printed(run("m", first_ms=number(0.0, step=1.0))))


def test_memory_keeps_the_unit_of_what_was_printed():
    text = unwrapped(printed(run("m", memory_overall_mib=number(73.4102), memory_init_mib=number(54.2852))))
    assert "memory: added 73.4 MiB, of them by loading 54.3 MiB" in text
    assert "memory: peak 271.12 MB" in unwrapped(printed(run("m", memory_peak_bytes=number(271122432.0))))


def test_models_that_are_called_the_same_are_told_apart_by_their_lines():
    first, second = run("/a/m.tflite"), run("/b/m.tflite")
    second = ToolRun(**{**vars(second), "first_line": 9})
    text = unwrapped(printed(first, second))
    assert "m.tflite (line 1)" in text
    assert "m.tflite (line 9)" in text


def test_what_is_true_of_all_runs_is_said_once_and_of_some_with_their_names():
    runs = [run(f"model{at}", threads=number(4.0), remarks=("odd",) if at < 5 else ()) for at in range(6)]
    text = unwrapped(printed(*runs))
    assert text.count("4 threads") == 1
    assert "• model0, model1, model2 and 2 more: odd" in text
