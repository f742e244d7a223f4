"""The schema of the history's tables: which one a database has, and the steps up to ours."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

from harness.history.engine import WRITES
from harness.history.faults import HistoryOfNewerSchemaError
from harness.history.tables import VERSION_TABLE

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from harness.history.address import Address

NEWEST: Final = "2"
"""The schema that this bakeoff reads and writes: the last of `migrations/versions/`."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"

_ONE_AT_A_TIME: Final = 0x62616B65
"""The number of PostgreSQL's lock that who migrates holds."""


_ONE_THREAD_AT_A_TIME: Final = Lock()
"""alembic keeps the migration that is under way in a place of the whole process."""


def migrate(engine: Engine, address: Address) -> None:
    """Bring the tables up to our schema, in one transaction; two who do it at once do it one after the other.

    Raises `HistoryOfNewerSchemaError`, before anything is written, and what SQLAlchemy raises.
    """
    with engine.connect() as connection:
        if _is_ours(schema_of(connection), address):
            return
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ONE_AT_A_TIME})
        # Another may have done it while we waited.
        if not _is_ours(schema_of(connection), address):
            upgrade(connection, NEWEST)


def upgrade(connection: Connection, schema: str) -> None:
    """Run the steps up to `schema` in the connection's own transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _ONE_THREAD_AT_A_TIME:
        command.upgrade(config, schema)


def schema_of(connection: Connection) -> str | None:
    """The schema's number; None for a database without our tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)


def _is_ours(schema: str | None, address: Address) -> bool:
    if schema is not None and not (schema.isdigit() and int(schema) <= int(NEWEST)):
        what = (
            f"the history {address.shown} was written by a newer bakeoff (its schema is {schema[:20]}, ours {NEWEST})"
        )
        raise HistoryOfNewerSchemaError(what, "Update bakeoff on this computer: pip install --upgrade bakeoff")
    return schema == NEWEST
