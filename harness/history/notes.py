"""The notes of the journal: what somebody tried, and what they asked themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from harness.history.tables import NoteRecord


@dataclass(frozen=True)
class Note:
    """One note."""

    id: int
    written_at: datetime
    """With a time zone."""
    author: str
    text: str
    run_id: str | None = None
    experiment: str | None = None
    """The name of the run's experiment."""
    factor: str | None = None
    """The one thing that was changed: `threads`, `model`."""
    question: str | None = None
    """What is still open."""


def insert_note(connection: Connection, note: Note) -> Note:
    """The note with its number."""
    values = {name: value for name, value in vars(note).items() if name != "id"}
    statement = insert(NoteRecord).returning(NoteRecord.id)
    return Note(id=int(connection.execute(statement, values).scalar_one()), **values)


def find_notes(connection: Connection, *, since: datetime | None, run_id: str | None, most: int | None) -> list[Note]:
    """The newest `most`, in order of time."""
    statement = select(NoteRecord.__table__).order_by(NoteRecord.written_at.desc(), NoteRecord.id.desc())
    if since is not None:
        statement = statement.where(NoteRecord.written_at >= since)
    if run_id is not None:
        statement = statement.where(NoteRecord.run_id == run_id)
    if most is not None:
        statement = statement.limit(most)
    return [Note(**row._mapping) for row in reversed(connection.execute(statement).all())]
