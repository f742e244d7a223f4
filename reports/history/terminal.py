"""`bakeoff history` on a terminal: results, series, and what a check or a retention found; fits 80 columns."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from harness.documents.history import HistoryCheck, HistoryList, HistoryPrune, HistorySeries, HistoryShown
from harness.words.sentences import counted
from reports import format as fmt
from reports.terminal_lines import item, line, text

if TYPE_CHECKING:
    from rich.console import Console

    from harness.documents.history import HistoryMark, HistoryResult
    from harness.documents.nightly import CommitOfModel

_MARKS = {"change": "changed", "note": "note", "environment": "environment", "design": "new series"}


def render_history_list(found: HistoryList, console: Console) -> None:
    """Run by run, the newest first, a line a result."""
    if not found.results:
        line(console, text("Nothing was measured there in that time."))
        return
    for (night, _, experiment, device, decision, run_id), results in groupby(
        found.results,
        key=lambda each: (
            each.night,
            each.suite,
            each.name.experiment,
            each.name.device,
            each.decision,
            each.run_id,
        ),
    ):
        of_run = list(results)
        suite = f"{of_run[0].suite}: " if of_run[0].suite else ""
        head = [text(night, "bold"), text(f"  {suite}{experiment}", "bold"), text(f" on {device}")]
        line(console, *head, text(f"  {decision or 'no verdict'}, run {run_id}", "dim"))
        _grid(console, [(result.name.candidate, fmt.held_together(_told(result)), "") for result in of_run])
    if found.has_more:
        line(console, text("There are more: --most N shows so many.", "dim"))


def render_history_series(shown: HistoryShown, console: Console) -> None:
    """Night by night, the oldest first, with what happened between them."""
    for series in shown.series:
        _series(series, console)


def _series(series: HistorySeries, console: Console) -> None:
    name = series.name
    suite = f"{series.suite}: " if series.suite else ""
    line(
        console,
        text(f"{series.label} of {name.candidate}", "bold"),
        text(f", {suite}{name.experiment} on {name.device}"),
    )
    marks = sorted(series.marks, key=lambda mark: mark.night)
    rows: list[tuple[str, str, str]] = []
    before: list[CommitOfModel] = []
    for result in series.results:
        while marks and marks[0].night <= result.night:
            rows.append(_mark(marks.pop(0)))
        again = f" ({result.attempt})" if result.attempt > 1 else ""
        new = [f"; commit {each.sha[:7]} “{each.message}”" for each in result.commits if each not in before]
        rows.append((f"{result.night}{again}", fmt.held_together(result.words) + "".join(new), ""))
        before = result.commits or before
    _grid(console, [*rows, *(_mark(mark) for mark in marks)])


def _mark(mark: HistoryMark) -> tuple[str, str, str]:
    return mark.night, f"{_MARKS[mark.kind]}: {fmt.held_together(mark.text)}", "red" if mark.is_worse else "cyan"


def _grid(console: Console, rows: list[tuple[str, str, str]]) -> None:
    """A short column, and one whose long texts go on below themselves."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=0)
    grid.add_column(max_width=24, overflow="fold")
    grid.add_column(overflow="fold")
    for first, second, style in rows:
        grid.add_row("", text(first, style or "dim"), text(second, style))
    console.print(grid, highlight=False)


def render_history_check(check: HistoryCheck, console: Console) -> None:
    """What disagrees, then how many were looked at."""
    for fault in check.faults:
        item(console, f"{fault.run_id} on {fault.device}: {fault.text}", "red" if fault.kind == "differs" else "yellow")
    line(console, text(f"{counted(check.checked, 'run')} of this computer looked at: {_sum_up(check)}."))
    if check.elsewhere:
        line(console, text(f"{counted(check.elsewhere, 'run')} of other computers not looked at.", "dim"))


def _sum_up(check: HistoryCheck) -> str:
    if not check.faults:
        return "all are there, and say what the history says"
    kinds = {"gone": "gone", "unreadable": "cannot be read", "differs": "says something else"}
    counts = {kind: sum(fault.kind == kind for fault in check.faults) for kind in kinds}
    return ", ".join(f"{count} {kinds[kind]}" for kind, count in counts.items() if count)


def render_history_prune(prune: HistoryPrune, console: Console) -> None:
    """What is taken out, and what stays though it is old."""
    verb = "Took" if prune.is_done else "Would take"
    took = f"{counted(prune.runs, 'run')} with {counted(prune.results, 'result')} and {counted(prune.nights, 'night')}"
    line(console, text(f"{verb} out {took} from before {prune.before}."))
    for why, count in prune.kept.items():
        item(console, f"{counted(count, 'older run')} stay{'s' if count == 1 else ''}: {why}")
    if not prune.is_done:
        line(console, text("Nothing was changed: --yes does it. Run folders are never touched.", "dim"))


def _told(result: HistoryResult) -> str:
    return f"{fmt.label(result.name.quantity)}: {result.words}"
