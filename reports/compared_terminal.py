"""Candidates of earlier runs side by side in a terminal: a block a quantity, a line a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.documents.compared_runs import ComparedEffect, ComparedQuantity, ComparedRuns
from reports import format as fmt
from reports.terminal_lines import item, line, text

if TYPE_CHECKING:
    from rich.console import Console


def render_compared(compared: ComparedRuns, console: Console) -> None:
    """Print it; fits 80 columns."""
    line(console, text(f"Against {compared.baseline}, the baseline of all of them", "bold"))
    for number, each in enumerate(compared.candidates, start=1):
        quick = ", a quick look" if each.quick else ""
        line(
            console,
            text(f"{number}  {each.candidate}", "bold"),
            text(f"  {each.run}, {fmt.moment(each.created_at)}{quick}"),
        )
    for device in compared.devices:
        line(console)
        line(console, text(device.shown_name, "bold"))
        for quantity in device.quantities:
            _quantity(console, quantity)
    line(console)
    for note in compared.notes:
        item(console, note)


def _quantity(console: Console, quantity: ComparedQuantity) -> None:
    reasons = {each.unavailable_because for each in quantity.effects}
    if all(each.effect is None for each in quantity.effects) and len(reasons) == 1:
        line(console, text(f"{fmt.label(quantity.quantity)}: unavailable: {reasons.pop()}", "dim"))
        return
    line(console, text(fmt.label(quantity.quantity)))
    for number, each in enumerate(quantity.effects, start=1):
        line(console, text(f"{number}  "), text(_told(each, quantity.quantity)), indent=2)


def _told(each: ComparedEffect, quantity: str) -> str:
    if each.effect is None:
        return f"unavailable: {each.unavailable_because}"
    told = fmt.estimate(each.effect, quantity)
    if each.effect.interval is not None:
        told += f" ({fmt.interval(each.effect.interval, each.effect.scale, quantity)})"
    told += f", {each.outcome}"
    return fmt.held_together(f"{told}; against 1: {each.words}" if each.words is not None else told)
