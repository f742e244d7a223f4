"""The journal: notes, verdicts and confirmed changes in order of time. Pages and texts render it.

Everything in it but dates is user text: renderers escape it.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.documents.comparison import Decision

JOURNAL_SCHEMA: Final = "bakeoff.journal/1"


class JournalEntry(BaseModel):
    """Something that was noted, decided or found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str
    """ISO 8601, UTC."""
    day: str
    """The day that it stands under: of a night its date, else that of `at` where the journal was made."""
    kind: Literal["note", "verdict", "change"]
    title: str
    """Whose or what it is, in a few words: `sr on local`."""
    text: str
    details: list[str] = []
    """Sentences below it."""
    decision: Decision | None = None
    is_worse: bool | None = None
    """Whether a change is for the worse."""
    factor: str | None = None
    """The one thing that was changed, where a note is bound to it."""
    question: str | None = None
    """What a note leaves open."""
    run_id: str | None = None


class Journal(BaseModel):
    """The whole of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    schema_: Literal["bakeoff.journal/1"] = Field(default=JOURNAL_SCHEMA, alias="schema")
    bakeoff_version: str
    history: str
    """URL without a password."""
    entries: list[JournalEntry]
    """The oldest first."""
    left_out: int
    """Older entries that are not here."""
    open_question: str | None
    """The last note's."""
