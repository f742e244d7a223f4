"""The journal out of the history, and notes into it."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Connection, func, select

from harness import __version__
from harness.commands.history_import import import_folder
from harness.documents.folder import RunFolder
from harness.documents.journal import Journal, JournalEntry
from harness.errors import UserError
from harness.history.tables import RunRecord

if TYPE_CHECKING:
    from harness.documents.comparison import Decision
    from harness.documents.nightly import Change
    from harness.history.notes import Note
    from harness.history.store import History

_MOST_CHARACTERS: Final = 20_000
_DECISIONS: Final = ("ship", "hold", "undecided")


def write_note(
    history: History, text: str, *, run: str | None, factor: str | None = None, question: str | None = None
) -> Note:
    """Keep a note. A run that is a folder comes into the history with it.

    Raises `UserError` where there is nothing in the note, no such run, or a factor that the run did not change.
    """
    for what, words in (("a note", text), ("a question", question)):
        if words is not None and not words.strip():
            raise UserError(f"{what} needs some words", 'For example: bakeoff note runs/mine "pruned the last block"')
        if words is not None and len(words) > _MOST_CHARACTERS:
            raise UserError(f"{what} has more than {_MOST_CHARACTERS:,} characters", "Put it into a file.")
    if run is None and os.path.isdir(text):  # noqa: PTH112 it may be no path at all
        raise UserError(f"{text}: what is to be noted of it?", 'For example: bakeoff note RUN "pruned the last block"')
    if run is None:
        if factor is not None:
            raise UserError("--factor binds a note to what a run changed", "Name the run: bakeoff note RUN TEXT")
        return history.add_note(text.strip(), author=_author(), question=question)
    run_id, experiment = _run(history, run, factor)
    return history.add_note(
        text.strip(), author=_author(), run_id=run_id, experiment=experiment, factor=factor, question=question
    )


def _author() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user whom this computer has no name for
        return ""


def _run(history: History, run: str, factor: str | None) -> tuple[str, str]:
    """The run's id and the name of its experiment."""
    folder = RunFolder(Path(run))
    if folder.path.is_dir():
        run_id = folder.read_manifest().run_id
        if factor is not None:
            _refuse_another_factor(folder, factor)
        found = import_folder(history, folder.path)
        experiment = _experiment(history, run_id)
        if experiment is None:
            raise UserError(next(iter(found.skipped.values()), f"{run}: has no device"), "Is the run folder whole?")
        return run_id, experiment
    experiment = _experiment(history, run)
    if experiment is None:
        raise UserError(f"{run[:200]}: is neither a run's folder nor a run of the history", "Name the run's folder.")
    if factor is not None:
        known = history.read(lambda connection: _folder(connection, run))
        if known is None or not Path(known).is_dir():
            raise UserError("the run's folder is not there, so what it changed is not known", "Leave --factor out.")
        _refuse_another_factor(RunFolder(Path(known)), factor)
    return run, experiment


def _experiment(history: History, run_id: str) -> str | None:
    statement = select(RunRecord.experiment).where(RunRecord.run_id == run_id).limit(1)
    return history.read(lambda connection: connection.execute(statement).scalar())


def _folder(connection: Connection, run_id: str) -> str | None:
    return connection.execute(select(RunRecord.folder).where(RunRecord.run_id == run_id).limit(1)).scalar()


def _refuse_another_factor(folder: RunFolder, factor: str) -> None:
    from reports.open_comparison import open_comparison

    arms = open_comparison(folder.comparison).arms
    changed = list(dict.fromkeys(each for arm in arms for each in arm.differs_in))
    if factor not in changed:
        there = f"It changed {', '.join(changed)}." if changed else "Its arms differ in nothing."
        raise UserError(f"{factor[:60]!r} is not what the run changed", there)
    if len(changed) > 1:
        raise UserError(
            f"the run changed {', '.join(changed)}: a note about one of them would claim too much",
            "Leave --factor out, or run with one thing changed.",
        )


def make_journal(history: History, *, since: date | None = None, most: int) -> Journal:
    """Notes, verdicts of runs by hand, verdicts that turned in a suite, and changes that were confirmed, in order of
    time; the newest `most` of them.
    """
    moment = None if since is None else datetime(since.year, since.month, since.day, tzinfo=UTC)
    notes = history.notes()
    entries = [
        *(_of_note(note) for note in notes if moment is None or note.written_at >= moment),
        *history.read(lambda connection: _verdicts(connection, since)),
        *(
            _of_change(suite, told_at, change)
            for suite, told_at, change in history.changes_told(None)
            if change.confirmation == "confirmed" and (since is None or change.first_bad_night >= since.isoformat())
        ),
    ]
    entries.sort(key=lambda entry: (entry.day, entry.at))
    return Journal(
        bakeoff_version=__version__,
        history=history.url,
        entries=entries[-most:],
        left_out=max(0, len(entries) - most),
        open_question=notes[-1].question if notes else None,
    )


def _of_note(note: Note) -> JournalEntry:
    about = [f"by {note.author}"] if note.author else []
    return JournalEntry(
        at=note.written_at.isoformat(timespec="seconds"),
        day=note.written_at.astimezone().date().isoformat(),
        kind="note",
        title=note.experiment or "",
        text=note.text,
        details=about,
        factor=note.factor,
        question=note.question,
        run_id=note.run_id,
    )


def _verdicts(connection: Connection, since: date | None) -> list[JournalEntry]:
    """Of every run by hand one; of a suite's those that differ from the one before on that device."""
    place = (RunRecord.suite, RunRecord.experiment, RunRecord.device)
    before = (
        func.lag(RunRecord.decision)
        .over(partition_by=place, order_by=(RunRecord.night, RunRecord.attempt, RunRecord.measured_at))
        .label("before")
    )
    turned = select(
        *place,
        RunRecord.night,
        RunRecord.measured_at,
        RunRecord.decision,
        RunRecord.sentence,
        RunRecord.run_id,
        before,
    ).subquery()
    columns = turned.c
    differs = columns.before.is_distinct_from(columns.decision)
    statement = (
        select(turned)
        .where(columns.decision.is_not(None), (columns.suite == "") | differs)
        .order_by(columns.night, columns.measured_at, columns.device)
    )
    if since is not None:
        statement = statement.where(columns.night >= since.isoformat())
    entries: dict[tuple[str, str], JournalEntry] = {}
    for row in connection.execute(statement):
        known = entries.get((row.run_id, row.suite))
        if known is not None:  # another device of the same run
            entries[row.run_id, row.suite] = known.model_copy(update={"title": f"{known.title}, {row.device}"})
            continue
        turns = [f"it was {row.before} before"] if row.suite and row.before else []
        suite = f"{row.suite}: " if row.suite else ""
        entries[row.run_id, row.suite] = JournalEntry(
            at=row.measured_at.isoformat(timespec="seconds"),
            day=row.night,
            kind="verdict",
            title=f"{suite}{row.experiment} on {row.device}",
            text=row.sentence or "",
            details=turns,
            decision=cast("Decision", row.decision) if row.decision in _DECISIONS else None,
            run_id=row.run_id,
        )
    return list(entries.values())


def _of_change(suite: str, told_at: datetime, change: Change) -> JournalEntry:
    commits = [f"commit {commit.sha[:7]} “{commit.message}” by {commit.author}" for commit in change.commits]
    return JournalEntry(
        at=told_at.isoformat(timespec="seconds"),
        day=change.first_bad_night,
        kind="change",
        title=f"{suite}: {change.kind}" if suite else change.kind,
        text=change.sentence,
        details=[*(f"likely cause: {cause}" for cause in change.causes), *commits, change.how_sure],
        is_worse=any(member.is_worse for member in change.members),
    )
