"""Writes the databases of a released schema, as SQL, into `released/`: run once when a schema is released, and kept.

    python -m tests.harness.history.make_released 1

Its rows are put in by SQL of that schema's own columns, since the tables of today may be others.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import text

from harness.history.address import read_address
from harness.history.engine import WRITES, make_engine
from harness.history.schema import upgrade
from tests.rig.postgresql import PostgreSQLServer, programs

RELEASED = Path(__file__).parent / "released"

# What every schema since the first holds.
ROWS = (
    "insert into bakeoff_environments values ('00000000000000aa', '{\"os\": \"Android 14\"}')",
    "insert into bakeoff_series (id, suite, experiment, device, candidate, quantity, scale, unit, better) values"
    " (1, 'phones', 'sr', 'adb:R5CT30', 'newest', 'latency_p50', 'ratio', 'ns', 'lower'),"
    " (2, 'phones', 'sr', 'adb:R5CT30', 'newest', 'psnr_y', 'difference', 'dB', 'higher')",
    "insert into bakeoff_runs (id, run_id, suite, night, attempt, experiment, design, device, host, folder,"
    " measured_at, environment, commits, decision, sentence) values"
    " (1, 'first', 'phones', '2026-01-02', 1, 'sr', 'dddddddddddddddd', 'adb:R5CT30', 'desk', '/runs/first',"
    " '2026-01-02 03:00:00+00:00', '00000000000000aa', '[]', 'ship', 'Ship newest.'),"
    " (2, 'second', 'phones', '2026-01-03', 1, 'sr', 'dddddddddddddddd', 'adb:R5CT30', 'desk', '/runs/second',"
    " '2026-01-03 03:00:00+00:00', '00000000000000aa', '[]', 'hold', null)",
    "insert into bakeoff_results (run, series, measured_at, estimate, low, high, level, n, baseline_value,"
    " baseline_source, candidate_value, candidate_source, unavailable) values"
    " (1, 1, '2026-01-02 03:00:00+00:00', 0.9, 0.89, 0.91, 0.95, 10, 10.0, 'measured', 9.0, 'measured', null),"
    " (2, 1, '2026-01-03 03:00:00+00:00', 0.8, 0.79, 0.81, 0.95, 10, 10.0, 'measured', 8.0, 'measured', null),"
    " (1, 2, '2026-01-02 03:00:00+00:00', null, null, null, null, null, null, 'no references', null, 'no references',"
    " 'no references')",
    "insert into bakeoff_quarantines values ('adb:R5CT30', '2026-01-02 03:00:00+00:00', 'it failed three times', 3)",
)


def fill(url: str, schema: str) -> None:
    engine = make_engine(read_address(url))
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        upgrade(connection, schema)
        for row in ROWS:
            connection.execute(text(row.replace("+00:00'", ".000000'") if connection.dialect.name == "sqlite" else row))
        if connection.dialect.name == "postgresql":
            for table in ("series", "runs"):
                connection.execute(text(f"select setval('bakeoff_{table}_id_seq', 2)"))
    engine.dispose()


def main() -> None:
    schema = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.db"
        fill(f"sqlite:///{file}", schema)
        lines = "\n".join(sqlite3.connect(file).iterdump())
        (RELEASED / f"schema_{schema}.sqlite.sql").write_text(lines + "\n")
    server = PostgreSQLServer()
    try:
        server.start()
        url = server.new_database()
        fill(url, schema)
        tools = programs()
        assert tools is not None
        dumped = subprocess.run(
            [str(tools / "pg_dump"), "--inserts", "--no-owner", url],
            capture_output=True,
            check=True,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout.decode()
        # What is for psql alone, and comments.
        kept = [line for line in dumped.splitlines() if line.strip() and not line.startswith(("\\", "--"))]
        (RELEASED / f"schema_{schema}.postgresql.sql").write_text("\n".join(kept) + "\n")
    finally:
        server.remove()


if __name__ == "__main__":
    main()
