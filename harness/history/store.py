"""The history: one object for all that is asked of the database, whichever it is.

Every call is one transaction. Whatever goes wrong with the database is a `HistoryError` in one or two lines, without
a password in it or in what it was raised from.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy.exc import StatementError

from harness.documents.nightly import Change, Nightly
from harness.errors import UserError
from harness.history import keep_runs, nights, notes, quarantine, read_series
from harness.history.address import Address, read_address
from harness.history.engine import BUSY_S, WRITES, make_engine
from harness.history.faults import HistoryError, in_our_words
from harness.history.notes import Note
from harness.history.quarantine import Quarantine
from harness.history.read_series import Wanted
from harness.history.rows import RunRow, Series
from harness.history.schema import migrate

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy import Connection

_T = TypeVar("_T")


class History:
    """An open history."""

    def __init__(self, address: Address, *, busy_s: float = BUSY_S) -> None:
        self.address = address
        self._engine = make_engine(address, busy_s=busy_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up its connections."""
        self._engine.dispose()

    @property
    def url(self) -> str:
        """Where it is, without a password."""
        return self.address.shown

    def migrate(self) -> None:
        """Bring its tables up to our schema."""
        self._told(lambda: migrate(self._engine, self.address))

    def read(self, ask: Callable[[Connection], _T]) -> _T:
        """What `ask` finds in one transaction that only reads."""

        def work() -> _T:
            with self._engine.connect() as connection, connection.begin():
                return ask(connection)

        fault = ""
        try:
            return self._told(work)
        except (TypeError, ValueError) as error:
            # What is in a column is what somebody put there: SQLite keeps any value in any column.
            fault = next(iter(str(error).splitlines()), type(error).__name__)[:200]
        raise HistoryError(
            f"the history {self.address.shown} holds something that no bakeoff wrote: {fault}",
            "Was it changed by hand? Take it back from a copy, or import the runs anew into another.",
        )

    def write(self, change: Callable[[Connection], _T]) -> _T:
        """What `change` returns of one transaction, which is kept whole where it returns, and else not at all."""

        def work() -> _T:
            with self._engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
                return change(connection)

        return self._told(work)

    def give_back_space(self) -> None:
        """Make an SQLite file as small as what is in it, where nobody else is at work there; PostgreSQL does that by
        itself.
        """
        if not self.address.is_sqlite:
            return
        # Outside of every transaction, which SQLAlchemy would begin.
        connection = self._engine.raw_connection()
        try:
            with suppress(sqlite3.Error):
                connection.execute("VACUUM")
        finally:
            connection.close()

    def _told(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except StatementError as error:
            problem = in_our_words(error, self.address)
        # Outside of the handler, so that the driver's error, which may know the password, is not in its chain.
        raise problem

    def keep_runs(self, rows: Sequence[RunRow]) -> int:
        """Keep runs with their results, all in one transaction; those that are there, by run and device, are left as
        they are. Returns how many were new.
        """
        return self.write(lambda connection: keep_runs.keep_runs(connection, rows))

    def replace_runs(self, rows: Sequence[RunRow]) -> int:
        """As `keep_runs`, in place of what is there of the same runs. Returns how many were written."""
        return self.write(lambda connection: keep_runs.replace_runs(connection, rows))

    def series(
        self,
        suite: str | None,
        *,
        experiment: str | None = None,
        device: str | None = None,
        quantity: str | None = None,
        candidate: str | None = None,
        since: str | None = None,
        last_nights: int | None = None,
    ) -> list[Series]:
        """The series of a suite (None: of all) with their points since the night `since`, or of the last so many nights
        that the suite has.
        """
        wanted = Wanted(suite, experiment, device, quantity, candidate, since)
        return self.read(lambda connection: read_series.read_series(connection, wanted, last_nights))

    def keep_night(self, nightly: Nightly) -> None:
        """Keep a night, in place of what was kept of the same suite, night and host; of its series the last point."""
        self.write(lambda connection: nights.keep_night(connection, nightly))

    def night(self, suite: str, night: str, *, host: str | None = None) -> Nightly | None:
        """That night; of several hosts the one that finished last, where `host` names none."""
        found = self.read(lambda connection: nights.find_nights(connection, suite, night, None))
        return next((each for each in found if host in {None, each.host}), None)

    def nights(self, suite: str | None, *, most: int | None = None) -> list[Nightly]:
        """The nights of a suite (None: of all), the newest first."""
        return self.read(lambda connection: nights.find_nights(connection, suite, None, most))

    def keep_changes(self, suite: str, changes: Sequence[Change]) -> None:
        """Keep what was told, in place of what was kept of the same events."""
        self.write(lambda connection: nights.keep_changes(connection, suite, changes))

    def changes(self, suite: str | None) -> list[Change]:
        """What was told of a suite (None: of all) before, in order of the first nights."""
        return [change for _, _, change in self.changes_told(suite)]

    def changes_told(self, suite: str | None) -> list[tuple[str, datetime, Change]]:
        """As `changes`, each with its suite and when it was first told."""
        return self.read(lambda connection: nights.find_changes(connection, suite))

    def quarantine(self, device: str) -> Quarantine | None:
        """Why the device is kept out; None where it is not."""
        found = self.read(lambda connection: quarantine.find_quarantines(connection, device))
        return found[0] if found else None

    def quarantines(self) -> list[Quarantine]:
        """All devices that are kept out."""
        return self.read(quarantine.find_quarantines)

    def set_quarantine(self, device: str, since: datetime, reason: str, failures: int) -> None:
        """Keep the device out."""
        kept_out = Quarantine(device, since, reason, failures)
        self.write(lambda connection: quarantine.put_quarantine(connection, kept_out))

    def release(self, device: str) -> None:
        """Let the device back in."""
        self.write(lambda connection: quarantine.lift_quarantine(connection, device))

    def add_note(
        self,
        text: str,
        *,
        author: str = "",
        run_id: str | None = None,
        experiment: str | None = None,
        factor: str | None = None,
        question: str | None = None,
        written_at: datetime | None = None,
    ) -> Note:
        """Keep a note; it is of now where `written_at` does not say when."""
        note = Note(0, written_at or datetime.now(UTC), author, text, run_id, experiment, factor, question)
        return self.write(lambda connection: notes.insert_note(connection, note))

    def notes(self, *, since: datetime | None = None, run_id: str | None = None, most: int | None = None) -> list[Note]:
        """The newest `most` notes, in order of time."""
        return self.read(lambda connection: notes.find_notes(connection, since=since, run_id=run_id, most=most))


def open_history(url: str | None = None, *, create: bool = True, busy_s: float = BUSY_S) -> History:
    """The history at `url`, or where `harness.history.address.default_url` says, with our schema.

    Without `create` there must be one. What another program has locked is waited for `busy_s` seconds.

    Raises `WrongAddressError`, `HistoryRefusedError`, `HistoryOfNewerSchemaError`, `HistoryOutOfReachError`, and
    `UserError` where there is none.
    """
    address = read_address(url)
    file = address.file
    if file is not None and not file.exists():
        if not create:
            remedy = "`bakeoff history import RUNS` makes one from runs; --history or $BAKEOFF_HISTORY names another."
            raise UserError(f"{file}: there is no history", remedy)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{file.parent}: cannot be made: {error.strerror}", "Name another place.") from None
    history = History(address, busy_s=busy_s)
    try:
        history.migrate()
    except BaseException:
        history.close()
        raise
    return history
