"""The night as the text of a letter: 72 columns, no markup."""

from __future__ import annotations

import textwrap
from typing import Final

from harness.documents.nightly import Change, Nightly
from reports import format as fmt
from reports.inert_text import inert
from reports.nightly import night_parts as parts
from reports.nightly.rendering import Rendering

COLUMNS: Final = 72
MOST_LINES_OF_A_KIND: Final = 40


def _render(nightly: Nightly) -> bytes:
    blocks = [
        _folded(f"{parts.OUTCOME_WORDS[nightly.outcome].upper()}: {nightly.sentence}"),
        _folded(f"Suite {nightly.suite}, night of {nightly.night}, on {nightly.host}."),
    ]
    new, known = parts.new_changes(nightly), parts.known_changes(nightly)
    if new:
        blocks.append(_headed("What changed", []))
        blocks += [_change(change) for change in new[:MOST_LINES_OF_A_KIND]]
        if len(new) > MOST_LINES_OF_A_KIND:
            blocks.append(f"And {len(new) - MOST_LINES_OF_A_KIND} more.")
    if known:
        blocks.append(_folded(f"{fmt.count(len(known), 'change')} that an earlier night told of: see the page."))
    unmeasured = [
        f"{job.status}: {job.experiment} on {job.device}: {parts.reason_of(job)}"
        for job in parts.unmeasured_jobs(nightly)
    ]
    unmeasured += [
        f"unavailable: {each.label} in {each.name.experiment} on {each.name.device}: {each.unavailable}"
        for each in parts.unavailable_series(nightly)
    ]
    if nightly.missed_nights:
        unmeasured.append(f"Nights without anything: {', '.join(nightly.missed_nights)}")
    if unmeasured:
        blocks.append(_headed("What could not be measured", unmeasured))
    verdicts = [
        f"{job.experiment} on {job.device}: {job.decision or job.status}. {job.sentence or parts.reason_of(job)}"
        for job in nightly.jobs
    ]
    if verdicts:
        blocks.append(_headed("Verdicts", verdicts))
    warnings = list(nightly.warnings)
    if not nightly.history.kept:
        warnings.append(f"The history has nothing of this night: {nightly.history.reason or 'no reason was recorded'}")
    if warnings:
        blocks.append(_headed("Warnings", warnings))
    return ("\n\n".join(blocks) + "\n").replace(fmt.NO_BREAK_SPACE, " ").encode()


def _change(change: Change) -> str:
    title = f"{change.kind}, {parts.CONFIRMATION_WORDS[change.confirmation]}: {change.sentence}"
    lines = [f"Since: {parts.since(change)}", f"How sure: {change.how_sure}"]
    lines += [
        f"Commit: {parts.short_sha(commit.sha)} “{commit.message}” by {commit.author}" for commit in change.commits
    ]
    lines += [f"Likely cause: {cause}" for cause in change.causes]
    lines += [
        f"{each.label} of {each.name.candidate} in {each.name.experiment} on {each.name.device}: {each.words}"
        for each in change.members
    ]
    return "\n".join([_folded(title), *_items(lines)])


def _headed(title: str, lines: list[str]) -> str:
    return "\n".join([title.upper(), *_items(lines)])


def _items(lines: list[str]) -> list[str]:
    shown = [_folded(line, first="  - ", later="    ") for line in lines[:MOST_LINES_OF_A_KIND]]
    left_out = len(lines) - MOST_LINES_OF_A_KIND
    return [*shown, f"  - and {left_out} more"] if left_out > 0 else shown


def _folded(text: str, *, first: str = "", later: str = "") -> str:
    return textwrap.fill(
        inert(text),
        COLUMNS,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


RENDERING = Rendering("mail", "mail.txt", "the text of a letter", _render)
