"""Devices that keep failing, and are not measured until they pass again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from harness.history.tables import QuarantineRecord


@dataclass(frozen=True)
class Quarantine:
    """A device that is kept out."""

    device: str
    since: datetime
    """With a time zone."""
    reason: str
    failures: int
    """How often in a row it had failed."""


def find_quarantines(connection: Connection, device: str | None = None) -> list[Quarantine]:
    """In order of the devices' names."""
    statement = select(QuarantineRecord.__table__).order_by(QuarantineRecord.device)
    if device is not None:
        statement = statement.where(QuarantineRecord.device == device)
    return [Quarantine(row.device, row.since, row.reason, row.failures) for row in connection.execute(statement)]


def put_quarantine(connection: Connection, quarantine: Quarantine) -> None:
    """In place of what is there of the same device."""
    lift_quarantine(connection, quarantine.device)
    connection.execute(
        insert(QuarantineRecord),
        [
            {
                "device": quarantine.device,
                "since": quarantine.since,
                "reason": quarantine.reason,
                "failures": quarantine.failures,
            }
        ],
    )


def lift_quarantine(connection: Connection, device: str) -> None:
    """Nothing happens where there is none."""
    connection.execute(delete(QuarantineRecord).where(QuarantineRecord.device == device))
