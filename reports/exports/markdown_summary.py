"""A summary in Markdown, for a pull request or a chat: the verdict, the rules, a table a device, the warnings.

Plain CommonMark with the tables of GitHub; no HTML, no links, no files beside it. Text from users is escaped: none of
it is markup, mentions anybody or leaves its cell.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.documents.comparison import Comparison, Contrast, DeviceResult, Effect, Verdict
from reports import format as fmt
from reports.comparison_parts import (
    candidates,
    reasons_beside,
    reasons_unavailable,
    rules_by_candidate,
    warning_groups,
)
from reports.exports.export import Export
from reports.inert_text import inert

_MARKUP = re.compile(r"[\\`*_\[\]<>#!|~$&]|^[-+=]|^\d+(?=[.)])")
_LINKED = re.compile(r"@|://|(?<=www)\.")


def escaped(text: str) -> str:
    """Text on one line, nothing of which is Markdown. What GitHub makes a link of without any markup (`@name`, an
    address) is broken by an invisible word joiner.
    """
    return _LINKED.sub(lambda found: f"{found[0]}\N{WORD JOINER}", _MARKUP.sub(_taken_as_it_is, inert(text.strip())))


def _taken_as_it_is(found: re.Match[str]) -> str:
    """A mark with a backslash before it; a number that would begin a list with one after it."""
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def _render(comparison: Comparison, run_folder: Path) -> bytes:
    parts = [f"# {escaped(comparison.name)}"]
    for verdict in comparison.verdicts:
        parts += _verdict(verdict)
    if comparison.quick:
        parts.append("*Quick look: this run was cut short on purpose; not for a decision.*")
    parts += _rules(comparison)
    for device in comparison.devices:
        parts += _device(comparison, device)
    parts += _warnings(comparison)
    return ("\n\n".join(parts) + "\n").encode()


def _verdict(verdict: Verdict) -> list[str]:
    word = fmt.decision_in_words(verdict).upper()
    said = [f"**{word}**: {escaped(verdict.sentence)}"]
    reasons = [f"- {escaped(reason)}" for reason in reasons_beside(verdict)]
    return [*said, "\n".join(reasons)] if reasons else said


def _rules(comparison: Comparison) -> list[str]:
    rows = [
        [group.candidate, f"{fmt.label(row.quantity)}: {row.rule}", device.shown_name, outcome, reason]
        for group in rules_by_candidate(comparison)
        for row in group.rows
        for device, result in row.results
        for outcome, reason in [
            (result.outcome, result.reason)
            if result is not None
            else ("not judged", device.problem or "no result from this device")
        ]
    ]
    return ["## Rules", table(["Candidate", "Rule", "Device", "Outcome", "Reason"], rows)] if rows else []


def _device(comparison: Comparison, device: DeviceResult) -> list[str]:
    parts = [f"## {escaped(device.shown_name)}"]
    if device.status != "complete":
        parts.append(f"**{device.status}**: {escaped(device.problem or 'no reason was recorded')}")
    for name in candidates(comparison):
        rows = [_row(contrast) for contrast in device.contrasts if contrast.candidate == name]
        if rows:
            parts += [f"### {escaped(name)}", table(["", "Baseline", "Candidate", "Change", "Result"], rows)]
    groups = [
        [one.contrast.candidate, fmt.label(one.contrast.quantity), one.group, one.outcome, one.reason]
        for one in device.groups
    ]
    if groups:
        heading = f"### Groups of {comparison.item_noun}s"
        parts += [heading, table(["Candidate", "", "Group", "Outcome", "Reason"], groups)]
    if len(parts) == 1:
        parts.append("Nothing could be compared on this device.")
    return parts


def _row(contrast: Contrast) -> list[str]:
    effect, why = contrast.effect, reasons_unavailable(contrast)
    change = "–"
    if isinstance(effect, Effect):
        change = fmt.estimate(effect, contrast.quantity)
        if effect.interval is not None:
            change += f" ({fmt.interval(effect.interval, effect.scale, contrast.quantity)})"
    return [
        fmt.label(contrast.quantity),
        fmt.measured(contrast.baseline_value, contrast.quantity).text,
        fmt.measured(contrast.candidate_value, contrast.quantity).text,
        change,
        "; ".join([contrast.outcome, *why]),
    ]


def _warnings(comparison: Comparison) -> list[str]:
    lines = [
        f"- {escaped(group.about)}: {escaped(warning)}"
        for group in warning_groups(comparison)
        for warning in group.warnings
    ]
    return ["## Warnings", "\n".join(lines)] if lines else []


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A table of GitHub's Markdown; the cells are escaped here."""
    lines = [columns, ["---"] * len(columns)]
    written = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join(written + [f"| {' | '.join(escaped(cell) for cell in row)} |" for row in rows])


EXPORT = Export("markdown", "a summary for a pull request or a chat", _render)
