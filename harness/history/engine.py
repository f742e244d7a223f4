"""Connections to the database: how SQLite and PostgreSQL are asked to behave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event

from harness.errors import UserError
from harness.history.address import Address

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_S: Final = 10.0
"""How long another writer is waited for."""
CONNECT_S: Final = 10
"""How long a server is waited for."""
_NOTICES_A_DEAD_NETWORK: Final = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""How an open connection is kept alive: seconds, and milliseconds."""
_WAITS_NO_LONGER: Final = (
    "SELECT set_config('lock_timeout', %s, false) WHERE current_setting('lock_timeout') IN ('0', '0ms')"
)
WRITES: Final = "bakeoff_writes"
"""An execution option of connections that are going to write."""


def make_engine(address: Address, *, busy_s: float = BUSY_S) -> Engine:
    """Connects when it is first used. Raises `UserError` where the driver of PostgreSQL is not installed."""
    if address.is_sqlite:
        return _sqlite_engine(address, busy_s)
    try:
        import psycopg  # noqa: F401
    except ImportError:
        missing = "the driver of PostgreSQL is not installed"
        raise UserError(missing, "pip install 'bakeoff[postgresql]'") from None
    options = {"connect_timeout": CONNECT_S, "application_name": "bakeoff", **_NOTICES_A_DEAD_NETWORK}
    # What the URL itself asks for goes before what we would.
    ours = {name: value for name, value in options.items() if name not in address.url.query}
    engine = create_engine(address.url, connect_args=ours, pool_pre_ping=True, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        # The server by itself waits for another's lock without end, and a night with it.
        connection.execute(_WAITS_NO_LONGER, (f"{round(1e3 * busy_s)}ms",))
        connection.commit()

    return engine


def _sqlite_engine(address: Address, busy_s: float) -> Engine:
    engine = create_engine(address.url, connect_args={"timeout": busy_s}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        # The driver would begin a transaction when it sees fit; `_begin` does it where it belongs.
        connection.isolation_level = None
        # Readers and one writer do not wait for each other; a crash costs the transaction it happened in and no other.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -65536")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Who is going to write says so at once: two readers that both want to go on to write would lock each other out.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
