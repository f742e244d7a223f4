"""What alembic runs for every migration: with the connection and in the transaction of whoever migrates."""

from __future__ import annotations

from alembic import context

from harness.history.tables import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
