"""The night in Markdown, for a chat or an issue: what changed, what could not be measured, the verdicts.

Plain CommonMark with the tables of GitHub; no HTML, no links, no files beside it. Text from users is escaped.
"""

from __future__ import annotations

from harness.documents.nightly import Change, Nightly
from reports import format as fmt
from reports.exports.markdown_summary import escaped, table
from reports.nightly import night_parts as parts
from reports.nightly.rendering import Rendering

MOST_CHANGES, MOST_MEMBERS, MOST_LINES = 20, 8, 60
"""The most of each that are listed: a chat cuts a long message off, and nightly.json has them all."""


def night_in_markdown(nightly: Nightly) -> str:
    """The whole text."""
    outcome = parts.OUTCOME_WORDS[nightly.outcome].upper()
    blocks = [
        f"# {escaped(nightly.suite)}, night of {nightly.night}",
        f"**{outcome}**: {escaped(nightly.sentence)}",
        *_changes(nightly),
        *_unmeasured(nightly),
        *_verdicts(nightly),
        *_warnings(nightly),
    ]
    return "\n\n".join(blocks) + "\n"


def _changes(nightly: Nightly) -> list[str]:
    new, known = parts.new_changes(nightly), parts.known_changes(nightly)
    blocks = [block for change in new[:MOST_CHANGES] for block in _change(change)]
    if len(new) > MOST_CHANGES:
        blocks.append(f"And {fmt.count(len(new) - MOST_CHANGES, 'more change')}.")
    if known:
        blocks.append(f"{fmt.count(len(known), 'change')} that an earlier night told of: see the page.")
    return ["## What changed", *blocks] if blocks else []


def _change(change: Change) -> list[str]:
    title = f"{change.kind}, {parts.CONFIRMATION_WORDS[change.confirmation]}"
    facts = [f"- Since: {escaped(parts.since(change))}", f"- How sure: {escaped(change.how_sure)}"]
    facts += [
        f"- Commit: {escaped(parts.short_sha(commit.sha))} “{escaped(commit.message)}” by {escaped(commit.author)}"
        for commit in change.commits[:MOST_MEMBERS]
    ]
    facts += [f"- Likely cause: {escaped(cause)}" for cause in change.causes[:MOST_MEMBERS]]
    members = [
        f"- {escaped(each.label)} of {escaped(each.name.candidate)} in {escaped(each.name.experiment)} on "
        f"{escaped(each.name.device)}: {escaped(each.words)}"
        for each in change.members[:MOST_MEMBERS]
    ]
    if len(change.members) > MOST_MEMBERS:
        members.append(f"- and {len(change.members) - MOST_MEMBERS} more series")
    return [f"**{escaped(title)}**: {escaped(change.sentence)}", "\n".join([*facts, *members])]


def _unmeasured(nightly: Nightly) -> list[str]:
    lines = [
        f"- **{job.status}**: {escaped(job.experiment)} on {escaped(job.device)}: {escaped(parts.reason_of(job))}"
        for job in parts.unmeasured_jobs(nightly)
    ]
    lines += [
        f"- **unavailable**: {escaped(each.label)} in {escaped(each.name.experiment)} on "
        f"{escaped(each.name.device)}: {escaped(each.unavailable or '')}"
        for each in parts.unavailable_series(nightly)
    ]
    if nightly.missed_nights:
        lines.append(f"- Nights without anything: {', '.join(nightly.missed_nights)}")
    return ["## What could not be measured", "\n".join(_bounded(lines))] if lines else []


def _verdicts(nightly: Nightly) -> list[str]:
    rows = [
        [job.experiment, job.device, job.decision or job.status, job.sentence or parts.reason_of(job)]
        for job in nightly.jobs
    ]
    if not rows:
        return []
    left_out = [f"And {fmt.count(len(rows) - MOST_LINES, 'more job')}."] if len(rows) > MOST_LINES else []
    return ["## Verdicts", table(["Experiment", "Device", "Verdict", "In words"], rows[:MOST_LINES]), *left_out]


def _warnings(nightly: Nightly) -> list[str]:
    lines = [f"- {escaped(warning)}" for warning in nightly.warnings]
    if not nightly.history.kept:
        why = nightly.history.reason or "no reason was recorded"
        lines.append(f"- The history has nothing of this night: {escaped(why)}")
    return ["## Warnings", "\n".join(_bounded(lines))] if lines else []


def _bounded(lines: list[str]) -> list[str]:
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[:MOST_LINES], f"- and {len(lines) - MOST_LINES} more"]


RENDERING = Rendering(
    "markdown", "summary.md", "a summary for a chat or an issue", lambda nightly: night_in_markdown(nightly).encode()
)
