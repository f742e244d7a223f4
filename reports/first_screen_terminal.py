"""The first screen of a comparison in a terminal: what to do, why, and what would change it, within 80 × 24.

The rest is folded into a line each: what could not be had, what was not watched, what else is to be known.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.documents.comparison import Comparison, DeviceResult
from harness.words.sentences import listed
from reports import format as fmt
from reports.charts.latency_in_characters import latency_in_characters
from reports.comparison_parts import warning_groups
from reports.first_screen import FirstScreen, RuleCell, RuleLine, State, first_screens
from reports.inert_text import inert
from reports.terminal_lines import folded_lines, text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MOST_LINES: Final = 23
"""A terminal of 24 lines has one more for the prompt."""
_MOST_DEVICES_BESIDE: Final = 2
_MOST_SENTENCE: Final = 3
_CELL_COLUMNS, _ONLY_CELL_COLUMNS = 25, 38
_ARM_COLUMNS: Final = 16
_STYLES: Final[dict[str, str]] = {
    "ship": "bold green",
    "hold": "bold red",
    "undecided": "bold yellow",
    "met": "green",
    "broken": "red",
    "doubted": "yellow",
    "not enough data": "yellow",
    "unavailable": "dim",
    "not judged": "dim",
}
_WORST_FIRST: Final[tuple[State, ...]] = ("broken", "doubted", "not enough data", "unavailable", "not judged", "met")


def render_first_screen(comparison: Comparison, console: Console, report: Path, run: Path) -> None:
    """Print it: at most `MOST_LINES` lines. `report` is where the page is, `run` the folder by which to ask for all."""
    screens = first_screens(comparison)
    head = _head(comparison, screens, console)
    tail = _tail(comparison, screens, report, run, console)
    rows = [line for screen in screens for line in screen.lines]
    table = _table(comparison, screens, rows, MOST_LINES - len(head) - len(tail) - 1, console)
    room = MOST_LINES - len(head) - len(tail) - len(table) - 1
    plainly = _plainly(screens, console)[: max(room, 0)]
    plot = _plot(comparison, room - len(plainly), console)
    for each in [*head, *table, *plainly, *plot, text(""), *tail]:
        console.print(each, highlight=False, soft_wrap=True)


def _plainly(screens: Sequence[FirstScreen], console: Console) -> list[Text]:
    """What changes mean for people, a line each; two at most."""
    lines: list[Text] = []
    for words, where in [plainly for screen in screens for plainly in screen.plainly][:2]:
        told = f"That is {fmt.held_together(words)}{f' on {where}' if where else ''}."
        lines += folded_lines(console, text(told), most=1)
    return lines


def _plot(comparison: Comparison, room: int, console: Console) -> list[Text]:
    """The latencies of the first device that has some, where a terminal has the room and the characters."""
    device = next((each for each in comparison.devices if len(each.latency) > 1), None)
    if device is None or room < len(device.latency) + 2 or not (console.encoding or "").lower().startswith("utf"):
        return []
    drawn = latency_in_characters(device.latency, console.width - _ARM_COLUMNS - 1)
    if drawn is None:
        return []
    lines, first, last = drawn
    on = f" on {device.shown_name}" if len(comparison.devices) > 1 else ""
    gap = console.width - _ARM_COLUMNS - 1 - len(first) - len(last)
    plot = [text(_cut(f"Latencies{on}", console.width), "dim")]
    plot += [
        text(f"{_cut(inert(line.arm), _ARM_COLUMNS):<{_ARM_COLUMNS}} ", "dim") + text(line.columns) for line in lines
    ]
    return [text(""), *plot, text(" " * (_ARM_COLUMNS + 1) + first + " " * max(gap, 1) + last, "dim")][:room]


def _head(comparison: Comparison, screens: Sequence[FirstScreen], console: Console) -> list[Text]:
    lines = folded_lines(console, text(comparison.name, "bold"), most=1)
    sentence_lines = _MOST_SENTENCE if len(screens) <= 2 else 1
    for screen in screens[:5]:
        verdict = screen.verdict
        word, sentence = fmt.DECISION_WORDS[verdict.decision], fmt.held_together(verdict.sentence)
        told = text(word.upper(), _STYLES[verdict.decision])
        # Most sentences begin with the word.
        begins_so = sentence.startswith(f"{word} ")
        told += text(sentence[len(word) :] if begins_so else f"  {sentence}", "bold")
        lines += folded_lines(console, told, most=sentence_lines)
        if screen.confounded:
            differing = f"It differs from the baseline in more than one thing: {listed(screen.confounded)}."
            lines += folded_lines(console, text(differing, "yellow"), most=1)
    if len(screens) > 5:
        lines += folded_lines(console, text(f"and {fmt.count(len(screens) - 5, 'more candidate')}"), most=1)
    if not screens:
        lines += folded_lines(console, text("This comparison holds no verdict.", "bold yellow"), most=1)
    if comparison.quick:
        quick = "Quick look: this run was cut short on purpose; not for a decision."
        lines += folded_lines(console, text(quick, "yellow"), most=1)
    return [*lines, text("")]


def _table(
    comparison: Comparison, screens: Sequence[FirstScreen], rows: Sequence[RuleLine], room: int, console: Console
) -> list[Text]:
    """A line a rule. Where they are too many, those that are met are counted and not shown."""
    named = len(screens) > 1
    whose = {id(line): screen.verdict.candidate for screen in screens for line in screen.lines}
    beside = len(comparison.devices) <= _MOST_DEVICES_BESIDE
    columns = len(comparison.devices) if beside else 1
    width = _CELL_COLUMNS if beside and columns > 1 else _ONLY_CELL_COLUMNS
    first = console.width - max(columns, 1) * (width + 1)
    lines = []
    if beside and columns > 1:
        lines.append(_row(["", *(device.shown_name for device in comparison.devices)], first, width, bold=True))
    room -= len(lines)
    shown = list(rows)
    if len(shown) > room:
        shown = sorted(shown, key=_rank)[: max(room - 1, 1)]
    folds = 2 * len(shown) <= room
    for line in shown:
        what = f"{fmt.label(line.quantity)}: {line.rule}"
        what = f"{whose[id(line)]}: {what}" if named else what
        begin, *rest = textwrap.wrap(inert(what), first) if folds else [_cut(inert(what), first)]
        cells = [text(begin)]
        cells += [_cell(cell, width, alone=columns == 1) for cell in line.cells] if beside else [_over_devices(line)]
        lines.append(_row(cells, first, width))
        if rest:
            lines.append(text(_cut("  " + " ".join(rest), first)))
    left = len(rows) - len(shown)
    if left:
        all_met = all(_rank(line) == len(_WORST_FIRST) - 1 for line in sorted(rows, key=_rank)[len(shown) :])
        more = f"and {fmt.count(left, 'more rule')}{', met everywhere' if all_met else ''}"
        lines.append(text(more, "dim"))
    if not rows:
        lines.append(text("No rule could be judged." if comparison.rules else "No rules were declared.", "dim"))
    return lines


def _cell(cell: RuleCell, width: int, *, alone: bool) -> Text:
    """The state, with the effect where it has room, and with the two values where the cell is the only one."""
    told = text(cell.state, _STYLES[cell.state])
    for more in (cell.effect, cell.values if alone else None):
        if more is not None and len(told.plain) + 2 + len(more) <= width:
            told += text(f" {more}" if more == cell.effect else f"  {more}")
    return told


def _rank(line: RuleLine) -> int:
    return min((_WORST_FIRST.index(cell.state) for cell in line.cells), default=len(_WORST_FIRST) - 1)


def _over_devices(line: RuleLine) -> Text:
    """Such as `met on 10 of 12, broken on 2`."""
    told = text("")
    for state in _WORST_FIRST:
        of_state = [cell for cell in line.cells if cell.state == state]
        if of_state:
            name = of_state[0].device.shown_name
            where = f"{len(of_state)} of {len(line.cells)}" if len(of_state) > 1 else name
            told += text(", " if told.plain else "") + text(state, _STYLES[state]) + text(f" on {where}")
    return told


def _row(cells: Sequence[Text | str], first: int, width: int, *, bold: bool = False) -> Text:
    from rich.text import Text

    row = Text()
    for place, cell in enumerate(cells):
        one = text(cell, "bold" if bold else "") if isinstance(cell, str) else cell.copy()
        one.plain = one.plain.replace(fmt.NO_BREAK_SPACE, " ") if isinstance(cell, str) else one.plain
        one.truncate(first if place == 0 else width, overflow="ellipsis", pad=place < len(cells) - 1)
        row += one if place == len(cells) - 1 else one + text(" ")
    return row


def _tail(
    comparison: Comparison, screens: Sequence[FirstScreen], report: Path, run: Path, console: Console
) -> list[Text]:
    lines: list[Text] = []
    for sentence in [sentence for screen in screens for sentence in screen.would_change][:2]:
        lines += folded_lines(console, text(f"To change it: {fmt.held_together(sentence)}"), most=2)
    for head, content in (
        ("Failed", _failed(comparison)),
        ("Unavailable", _unavailable(comparison)),
        ("", _not_watched(comparison)),
        ("Warnings", _warnings(comparison)),
    ):
        if content:
            lines += folded_lines(console, text(f"{head}: " if head else "", "dim") + text(content), most=1)
    # Paths are whole, to be copied, however long they are.
    lines.append(text("Report: ") + text(str(report), "bold"))
    lines.append(text("All of it: ", "dim") + text(f"bakeoff report {run} --full", "dim"))
    return lines


def _failed(comparison: Comparison) -> str:
    arms = [
        f"{arm.arm} on {device.shown_name}"
        for device in comparison.devices
        for arm in device.arms
        if arm.status != "ok" or arm.failures
    ]
    devices = [f"{device.shown_name} ({device.status})" for device in comparison.devices if device.status != "complete"]
    return ", ".join(dict.fromkeys([*devices, *arms]))


def _unavailable(comparison: Comparison) -> str:
    where: dict[str, list[DeviceResult]] = {}
    for device in comparison.devices:
        for contrast in device.contrasts:
            if contrast.outcome == "unavailable" and device not in where.setdefault(contrast.quantity, []):
                where[contrast.quantity].append(device)
    several = len(comparison.devices) > 1
    return ", ".join(
        fmt.label(quantity)
        + (
            f" ({listed([each.shown_name for each in devices])})"
            if several and len(devices) < len(comparison.devices)
            else ""
        )
        for quantity, devices in where.items()
    )


def _not_watched(comparison: Comparison) -> str:
    """The sensors that said nothing, without why: that stands in the whole."""
    found: dict[str, None] = {}
    for device in comparison.devices:
        for warning in device.warnings:
            if warning.kind == "sensors":
                plain = re.sub(r" \([^()]*\)", "", warning.text).rstrip(".")
                found[plain] = None
    return "; ".join(found)


def _warnings(comparison: Comparison) -> str:
    """How many, as the page counts them, and of what besides sensors, which have their own line."""
    count = sum(len(group.warnings) for group in warning_groups(comparison))
    of_devices = [warning for device in comparison.devices for warning in device.warnings]
    of_quantities = [warning for device in comparison.devices for each in device.contrasts for warning in each.warnings]
    kinds = dict.fromkeys(warning.kind for warning in [*of_devices, *of_quantities, *comparison.warnings])
    named = [str(kind) for kind in kinds if kind not in ("unsorted", "sensors")]
    return f"{count}{f', of {listed(named)}' if named else ''}" if count else ""


def _cut(words: str, columns: int) -> str:
    return words if len(words) <= columns else f"{words[: columns - 1].rstrip()}…"
