"""`bakeoff read` on a terminal: for each tool a table, what it has no room for, and what is against its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from harness.documents.tool_numbers import FileNumbers, PrintedValue, PrintedWords, ReadNumbers, RunNumbers, ToolNumbers
from reports import format as fmt
from reports.terminal_lines import item, line, text

if TYPE_CHECKING:
    from rich.console import Console

_NAMED: Final = 3
"""Runs that a sentence names before it counts the rest."""
_OPERATORS: Final = 3
_LABELS: Final = {
    "avg": "average", "median": "median", "min": "min", "max": "max", "std": "standard deviation",
    "first": "first inference", "init": "loading",
}  # fmt: skip
_MEMORY: Final = ("memory_overall", "memory_peak")
_SHARES: Final = {
    "all": "the whole model", "part": "a part of the model", "none": "nothing", "failed": "failed",
    "unknown": "how much of the model it ran is not said",
}  # fmt: skip
_PERCENTILES: Final = ("p5", "p90", "p95", "p99", "p999")
_LAST_WORD: Final = (
    "Numbers of another tool, measured one build after the other. Which of two builds is faster shows where they take "
    "turns: bakeoff run."
)


def render_tool_numbers(found: ReadNumbers, console: Console) -> None:
    """Print what was read; fits 80 columns, and obeys nothing in the texts."""
    for each in found.files:
        for tool in each.tools:
            _tool(console, each, tool)
            line(console)
    line(console, text(_LAST_WORD, "dim"))


def _tool(console: Console, file: FileNumbers, tool: ToolNumbers) -> None:
    line(console, text(tool.tool, "bold"), text(f" ({file.file})", "dim"))
    labels = _labels(tool.runs)
    if any(isinstance(run.values["avg"], PrintedValue) for run in tool.runs):
        _table(console, tool.runs, labels)
    _grouped(console, labels, ([run.problem] if run.problem else [] for run in tool.runs), "red", "no result: ")
    _grouped(console, labels, (_details(run) for run in tool.runs))
    _grouped(console, labels, (run.cautions for run in tool.runs), "yellow")
    _grouped(console, labels, (_missing(run) for run in tool.runs), "dim")


def _table(console: Console, runs: Sequence[RunNumbers], labels: Sequence[str]) -> None:
    """Columns that no run has a value for are left out."""
    from rich import box
    from rich.table import Table

    cells = {
        "Runs": [_count(run) for run in runs],
        "Average": [_time(run, "avg") for run in runs],
        "Median": [_time(run, "median") for run in runs],
        "Min–max": [_range(run) for run in runs],
        "Std dev": [_time(run, "std") for run in runs],
    }
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False, highlight=False)
    table.add_column("Model", overflow="fold", min_width=12)
    shown = {heading: column for heading, column in cells.items() if any(column)}
    for heading in shown:
        unit = "" if heading == "Runs" else ", ms"
        table.add_column(f"{heading}{unit}", justify="right", overflow="fold", min_width=len(heading + unit))
    for at, label in enumerate(labels):
        table.add_row(text(label), *(text(column[at] or "–", "" if column[at] else "dim") for column in shown.values()))
    console.print(table, highlight=False)


def _labels(runs: Sequence[RunNumbers]) -> list[str]:
    """File names of models, and where two are called the same also the line."""
    names = [
        re.split(r"[/\\]", run.model.text)[-1] or run.model.text if isinstance(run.model, PrintedWords) else "not named"
        for run in runs
    ]
    return [
        f"{name} (line {run.first_line})" if names.count(name) > 1 else name
        for name, run in zip(names, runs, strict=True)
    ]


def _grouped(
    console: Console, labels: Sequence[str], said: Iterable[Sequence[str]], style: str = "", start: str = ""
) -> None:
    """Each sentence once, with the runs it is true of where those are not all."""
    groups: dict[str, list[str]] = {}
    for label, sentences in zip(labels, said, strict=True):
        for sentence in sentences:
            groups.setdefault(sentence, []).append(label)
    for sentence, whose in groups.items():
        names = ", ".join(whose[:_NAMED]) + (f" and {len(whose) - _NAMED} more" if len(whose) > _NAMED else "")
        item(console, f"{'' if len(whose) == len(labels) else f'{names}: '}{start}{sentence}", style)


def _details(run: RunNumbers) -> list[str]:
    times = [
        f"{words} {shown} ms"
        for words, name in (("loading", "init"), ("first inference", "first"), ("warm-up on average", "warmup_avg"))
        if (shown := _time(run, name))
    ]
    percentiles = [f"{name.upper()} {shown} ms" for name in _PERCENTILES if (shown := _time(run, name))]
    threads = run.values["threads"]
    where = [fmt.count(int(threads.value), "thread")] if isinstance(threads, PrintedValue) else []
    return [
        ", ".join(part)
        for part in (times, percentiles, _memory(run), [*where, *_delegates(run)], _operators(run))
        if part
    ]


def _memory(run: RunNumbers) -> list[str]:
    found = []
    for words, name in (("added", "memory_overall"), ("of them by loading", "memory_init"), ("peak", "memory_peak")):
        value = run.values[name]
        if isinstance(value, PrintedValue):
            amount = f"{fmt.number(value.value, 1)} MiB" if value.unit == "MiB" else fmt.byte_count(int(value.value))
            found.append(f"{words} {amount}")
    return [f"memory: {found[0]}", *found[1:]] if found else []


def _delegates(run: RunNumbers) -> list[str]:
    shown = []
    for each in run.delegates:
        taken, total = each.nodes_delegated, each.nodes_total
        if isinstance(taken, PrintedValue) and isinstance(total, PrintedValue):
            shown.append(f"{each.name}: {taken.value:.0f} of {total.value:.0f} nodes")
        else:
            shown.append(f"{each.name}: {_SHARES[each.share]}")
    return shown


def _operators(run: RunNumbers) -> list[str]:
    timed = [(each.avg.value, each) for each in run.operators if isinstance(each.avg, PrintedValue)]
    if not timed:
        return []
    slowest = sorted(timed, key=lambda pair: -pair[0])[:_OPERATORS]
    names = [f"{each.type} {fmt.milliseconds(average * 1e6)}" for average, each in slowest]
    return [f"{fmt.count(len(run.operators), 'operator')}, the slowest: {', '.join(names)}"]


def _missing(run: RunNumbers) -> list[str]:
    """What is unavailable, by reason; the reason why nothing is there was given already."""
    groups: dict[str, list[str]] = {}
    for name, label in _LABELS.items():
        value = run.values[name]
        if not isinstance(value, PrintedValue) and value.reason != run.problem:
            groups.setdefault(value.reason, []).append(label)
    memory = [run.values[name] for name in _MEMORY]
    if not any(isinstance(value, PrintedValue) for value in memory):
        reasons = [value.reason for value in memory if not isinstance(value, PrintedValue)]
        groups.setdefault(reasons[-1], []).append("memory")
    return [f"unavailable: {', '.join(names)} ({reason})" for reason, names in groups.items()]


def _count(run: RunNumbers) -> str:
    count = run.values["count"]
    return f"{count.value:.0f}" if isinstance(count, PrintedValue) else ""


def _time(run: RunNumbers, name: str) -> str:
    """In ms, without the unit; empty where it is unavailable."""
    value = run.values[name]
    if not isinstance(value, PrintedValue):
        return ""
    if value.step is not None:
        return f"under {value.step:g}" if value.value == 0 else fmt.plain(value.value)
    return fmt.milliseconds(value.value * 1e6).partition(fmt.NO_BREAK_SPACE)[0]


def _range(run: RunNumbers) -> str:
    low, high = _time(run, "min"), _time(run, "max")
    return f"{low}–{high}" if low and high else ""
