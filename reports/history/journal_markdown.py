"""The journal in Markdown, for a file beside the code or a wiki. Text from users is escaped: none of it is markup."""

from __future__ import annotations

from itertools import groupby

from harness.documents.journal import Journal, JournalEntry
from reports import format as fmt
from reports.exports.markdown_summary import escaped


def render_journal_markdown(journal: Journal) -> str:
    """The whole journal, a heading a day."""
    parts = ["# Journal"]
    if journal.left_out:
        parts.append(f"*{journal.left_out} older entries are left out.*")
    if not journal.entries:
        parts.append("Nothing was noted, decided or found yet.")
    for day, entries in groupby(journal.entries, key=lambda entry: entry.day):
        parts.append(f"## {escaped(day)}")
        parts += [_entry(entry) for entry in entries]
    if journal.open_question:
        parts.append(f"**Open question:** {escaped(journal.open_question)}")
    return "\n\n".join(parts) + "\n"


def _entry(entry: JournalEntry) -> str:
    lines = [f"- {_head(entry)}: {_paragraphs(entry.text)}"]
    if entry.kind != "note":
        return "\n".join([*lines, *(f"  - {escaped(detail)}" for detail in entry.details)])
    if entry.factor:
        lines.append(f"  - changed: {escaped(entry.factor)}")
    lines += [f"  - {escaped(detail)}" for detail in entry.details]
    if entry.question:
        lines.append(f"  - **open:** {escaped(entry.question)}")
    return "\n".join(lines)


def _head(entry: JournalEntry) -> str:
    if entry.kind == "verdict":
        word = fmt.DECISION_WORDS[entry.decision].upper() if entry.decision is not None else "NO VERDICT"
        return f"**{word}** {escaped(entry.title)}"
    if entry.kind == "change":
        return f"**{'WORSE' if entry.is_worse else 'CHANGED'}** {escaped(entry.title)}"
    return f"**Note** {escaped(entry.title)}" if entry.title else "**Note**"


def _paragraphs(text: str) -> str:
    """Several lines stay several lines of one item."""
    return "  \n  ".join(escaped(line) for line in text.strip().splitlines() if line.strip())
