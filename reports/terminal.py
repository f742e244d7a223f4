"""The comparison in a terminal: the verdict first, then a table for each device, then warnings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.documents.comparison import Comparison, Contrast, DeviceResult, RuleOutcome, Verdict
from harness.quantity import Measured
from reports import format as fmt
from reports.comparison_parts import (
    candidates,
    floor_in_words,
    reasons_beside,
    reasons_unavailable,
    rules_by_candidate,
    tails_in_words,
    warning_groups,
)
from reports.terminal_lines import item, line, text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_REASONS: Final = 4
"""Shown of each verdict; the deciding ones come first, and the rest is among the rules."""

_STYLES: Final[dict[str, str]] = {
    "ship": "bold green",
    "hold": "bold red",
    "undecided": "bold yellow",
    "better": "green",
    "not worse": "green",
    "equivalent": "green",
    "met": "green",
    "worse": "red",
    "broken": "red",
    "failed": "red",
    "inconclusive": "yellow",
    "open": "yellow",
    "partial": "yellow",
    "incomplete": "yellow",
    "within": "green",
    "doubted": "yellow",
    "too few": "dim",
    "unavailable": "dim",
    "not judged": "dim",
}


def render_terminal(comparison: Comparison, console: Console, report: Path | None = None) -> None:
    """Print the comparison; `report` is where the HTML is, named at the end.

    Fits 80 columns. Colours only where the console has them, and never without the word. Text from users is printed
    as it is: neither rich's markup nor control characters in it do anything.
    """
    line(console, text(comparison.name, "bold"))
    for verdict in comparison.verdicts:
        _verdict(console, verdict, named=len(comparison.verdicts) > 1)
    if not comparison.verdicts:
        line(console, text("This comparison holds no verdict.", "bold yellow"))
    if comparison.quick:
        line(console, text("Quick look: this run was cut short on purpose; not for a decision.", "yellow"))
    _rules(console, comparison)
    for device in comparison.devices:
        _device(console, comparison, device)
    _warnings(console, comparison)
    if report is not None:
        line(console)
        line(console, text("Report: "), text(str(report), "bold"))


def _verdict(console: Console, verdict: Verdict, *, named: bool) -> None:
    line(console)
    who = f" {verdict.candidate}" if named else ""
    line(console, text(fmt.decision_in_words(verdict).upper(), _STYLES[verdict.decision]), text(who, "bold"))
    line(console, text(fmt.held_together(verdict.sentence), "bold"))
    reasons = reasons_beside(verdict)
    for reason in reasons[:_REASONS]:
        item(console, reason)
    if len(reasons) > _REASONS:
        item(console, f"and {fmt.count(len(reasons) - _REASONS, 'more reason')}: see the rules below")
    if verdict.look_at:
        item(console, f"Worth a look: {', '.join(verdict.look_at)}")


def _rules(console: Console, comparison: Comparison) -> None:
    groups = rules_by_candidate(comparison)
    for group in groups:
        line(console)
        whose = f"Rules for {group.candidate}" if len(groups) > 1 else "Rules"
        line(console, text(whose, "bold"))
        for row in group.rows:
            line(console, text(f"{fmt.label(row.quantity)}: {fmt.held_together(row.rule)}"))
            for device, result in row.results:
                outcome: RuleOutcome | str = result.outcome if result else "not judged"
                reason = result.reason if result else device.problem or "no result from this device"
                line(
                    console,
                    text(outcome, _STYLES[outcome]),
                    text(f" on {device.shown_name}: {fmt.held_together(reason)}"),
                    indent=2,
                )
    if not groups and comparison.rules:
        line(console)
        line(console, text("Rules, none of which could be judged", "bold"))
        for rule in comparison.rules:
            item(console, rule)


def _device(console: Console, comparison: Comparison, device: DeviceResult) -> None:
    line(console)
    is_in_name = device.shown_name != device.device
    model = device.identity.model if device.identity and not is_in_name else None
    about = ", ".join(filter(None, (model, device.runner)))
    line(console, text(device.shown_name, "bold"), text(f" ({about})" if about else "", "dim"))
    if device.profile is not None:
        line(console, text(fmt.held_together(device.profile), "dim"))
    if device.status != "complete":
        reason = device.problem or "no reason was recorded"
        line(console, text(device.status, _STYLES[device.status]), text(f": {reason}"))
    for arm in device.arms:
        if arm.status != "ok" or arm.failures:
            failures = "; ".join(arm.failures) or "no reason was recorded"
            line(console, text(f"{arm.arm} {arm.status}", "red"), text(f": {failures}"))
    if not device.contrasts:
        line(console, text("Nothing could be compared on this device."))
    names = candidates(comparison)
    for name in names:
        contrasts = [contrast for contrast in device.contrasts if contrast.candidate == name]
        if contrasts:
            if len(names) > 1:
                line(console, text(name, "italic"))
            _table(console, contrasts)
    for name in names:
        own = [contrast for contrast in device.contrasts if contrast.candidate == name]
        tails = tails_in_words(own, comparison.item_noun)
        if tails is not None:
            item(console, f"{name}: {tails}" if len(names) > 1 else tails)
    _groups(console, device, several=len(names) > 1)
    floor = floor_in_words(comparison)
    if floor is not None and device.contrasts:
        item(console, floor)
    _sustained(console, device)
    _energy(console, device)
    if device.stopping is not None:
        item(console, f"Latency: {device.stopping}")


def _groups(console: Console, device: DeviceResult, *, several: bool) -> None:
    for one in device.groups:
        name = f"{one.contrast.candidate}: " if several else ""
        outcome = text(one.outcome, _STYLES[one.outcome])
        line(console, outcome, text(f": {name}{fmt.held_together(one.reason)}"), indent=2)


def _sustained(console: Console, device: DeviceResult) -> None:
    for one in device.sustained.arms if device.sustained is not None else []:
        if one.words is not None:
            item(console, f"{one.arm}, alone: {one.words}")


def _energy(console: Console, device: DeviceResult) -> None:
    energy = device.energy
    if energy is None:
        return
    idle = fmt.measured(energy.idle_power, "average_power")
    taken = f"unavailable: {idle.unavailable_because}" if idle.unavailable_because else idle.text
    item(console, f"Energy from {energy.source} ({energy.covers}); idling takes {taken}")
    for use in energy.continuous_use:
        if use.words is not None:
            item(console, f"{use.arm}: {use.words}")
    if energy.stopping is not None:
        item(console, f"Energy: {energy.stopping}")


def _table(console: Console, contrasts: list[Contrast]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False, highlight=False)
    table.add_column("", overflow="fold", min_width=12)
    table.add_column("Baseline", justify="right", min_width=8, overflow="fold")
    table.add_column("Candidate", justify="right", min_width=9, overflow="fold")
    table.add_column("Change", overflow="fold", min_width=20)
    table.add_column("Result", min_width=12, no_wrap=True)
    for contrast in contrasts:
        table.add_row(
            text(fmt.label(contrast.quantity)),
            _value(contrast.baseline_value, contrast.quantity),
            _value(contrast.candidate_value, contrast.quantity),
            _change(contrast),
            text(contrast.outcome, _STYLES[contrast.outcome]),
        )
    console.print(table, highlight=False)
    notes = _notes(contrasts)
    if notes:
        line(console)
    for note, labels in notes.items():
        item(console, f"{' / '.join(labels)}: {note}")


def _change(contrast: Contrast) -> Text:
    effect = contrast.effect
    if effect.kind == "no effect":
        return text("–", "dim")
    change = text(fmt.estimate(effect, contrast.quantity))
    if effect.interval is not None:
        change.append("\n")
        change.append_text(text(fmt.interval(effect.interval, effect.scale, contrast.quantity), "dim"))
    return change


def _value(value: Measured, quantity: str) -> Text:
    shown = fmt.measured(value, quantity)
    return text("–", "dim") if shown.unavailable_because else text(shown.text)


def _notes(contrasts: list[Contrast]) -> dict[str, list[str]]:
    """What the table has no room for → the quantities it is true of."""
    notes: dict[str, list[str]] = {}
    for contrast in contrasts:
        reasons = reasons_unavailable(contrast)
        if reasons or contrast.outcome in {"inconclusive", "unavailable"}:
            notes.setdefault("; ".join([contrast.words, *reasons]), []).append(fmt.label(contrast.quantity))
    return notes


def _warnings(console: Console, comparison: Comparison) -> None:
    groups = warning_groups(comparison)
    if not groups:
        return
    line(console)
    line(console, text("Warnings", "bold yellow"))
    for group in groups:
        for warning in group.warnings:
            item(console, f"{group.about}: {warning}")
