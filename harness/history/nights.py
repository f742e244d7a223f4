"""Nights as they were told, and the changes that somebody was told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from harness.documents.nightly import Change, Nightly
from harness.history.json_columns import change_of, night_of
from harness.history.tables import Base, ChangeRecord, NightRecord


def keep_night(connection: Connection, nightly: Nightly) -> None:
    """Keep it in place of what was told before of that suite, night and host. Of its series tonight's point is kept:
    the others are in the results, and a year of nights would hold each of them ninety times.
    """
    series = [each.model_copy(update={"points": each.points[-1:]}) for each in nightly.series]
    record = {
        "suite": nightly.suite,
        "night": nightly.night,
        "host": nightly.host,
        "outcome": nightly.outcome,
        "finished_at": _moment(nightly.finished_at),
        "document": nightly.model_copy(update={"series": series}).model_dump_json(by_alias=True),
    }
    connection.execute(_put(connection, NightRecord, ("outcome", "finished_at", "document")), [record])


def find_nights(connection: Connection, suite: str | None, night: str | None, most: int | None) -> list[Nightly]:
    """The newest first; of one night those of several hosts by when they finished."""
    statement = select(NightRecord.document).order_by(NightRecord.night.desc(), NightRecord.finished_at.desc())
    if suite is not None:
        statement = statement.where(NightRecord.suite == suite)
    if night is not None:
        statement = statement.where(NightRecord.night == night)
    if most is not None:
        statement = statement.limit(most)
    return [night_of(document) for document in connection.execute(statement).scalars()]


def keep_changes(connection: Connection, suite: str, changes: Sequence[Change]) -> None:
    """Keep them in place of what was known of the same events; when each was first told stays."""
    now = datetime.now(UTC)
    records = [
        {
            "suite": suite,
            "id": change.id,
            "kind": change.kind,
            "confirmation": change.confirmation,
            "first_bad_night": change.first_bad_night,
            "told_at": now,
            "document": change.model_dump_json(),
        }
        for change in {change.id: change for change in changes}.values()
    ]
    if records:
        replaced = ("kind", "confirmation", "first_bad_night", "document")
        connection.execute(_put(connection, ChangeRecord, replaced), records)


def find_changes(connection: Connection, suite: str | None) -> list[tuple[str, datetime, Change]]:
    """Suite, when it was first told, and the change; in order of their first nights."""
    statement = select(ChangeRecord.suite, ChangeRecord.told_at, ChangeRecord.document).order_by(
        ChangeRecord.first_bad_night, ChangeRecord.told_at, ChangeRecord.id
    )
    if suite is not None:
        statement = statement.where(ChangeRecord.suite == suite)
    return [(of, told_at, change_of(document)) for of, told_at, document in connection.execute(statement)]


def _put(connection: Connection, table: type[Base], replaced: Sequence[str]) -> Any:
    """An insertion that replaces these columns of what is there."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    keys = [column.name for column in table.__table__.primary_key]
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in replaced}
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
