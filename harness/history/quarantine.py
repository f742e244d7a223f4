"""Devices that keep failing, and are not measured until they pass again."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from harness.history.tables import QuarantineRecord

_LOCAL: Final = "local"


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
    """In order of the devices' names. `local` is this computer's; that of another is `local of HOST`."""
    statement = select(QuarantineRecord.__table__).order_by(QuarantineRecord.device)
    if device is not None:
        statement = statement.where(QuarantineRecord.device == _key(connection, device))
    ours = _key(connection, _LOCAL)
    return [
        Quarantine(_LOCAL if row.device == ours else row.device, row.since, row.reason, row.failures)
        for row in connection.execute(statement)
    ]


def _key(connection: Connection, device: str) -> str:
    """Where several computers share a history, each has a device `local` of its own."""
    is_shared = connection.dialect.name == "postgresql"
    return f"{_LOCAL} of {socket.gethostname()}" if is_shared and device == _LOCAL else device


def put_quarantine(connection: Connection, quarantine: Quarantine) -> None:
    """In place of what is there of the same device."""
    lift_quarantine(connection, quarantine.device)
    connection.execute(
        insert(QuarantineRecord),
        [
            {
                "device": _key(connection, quarantine.device),
                "since": quarantine.since,
                "reason": quarantine.reason,
                "failures": quarantine.failures,
            }
        ],
    )


def lift_quarantine(connection: Connection, device: str) -> None:
    """Nothing happens where there is none."""
    connection.execute(delete(QuarantineRecord).where(QuarantineRecord.device == _key(connection, device)))
