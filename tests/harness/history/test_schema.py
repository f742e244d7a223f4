"""Every schema that was released comes up to today's, with all that it holds, in both kinds of database."""

from __future__ import annotations

import math
import re
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from harness.history.address import read_address
from harness.history.engine import WRITES, make_engine
from harness.history.faults import HistoryOfNewerSchemaError
from harness.history.schema import MIGRATIONS, NEWEST, schema_of, upgrade
from harness.history.store import open_history
from harness.history.tables import VERSION_TABLE, Base
from tests.harness.history.sample_rows import run_row
from tests.rig.command import bakeoff

RELEASED = Path(__file__).parent / "released"
FIXTURES = sorted(RELEASED.glob("*.sql"))


def load(fixture: Path, request: pytest.FixtureRequest, folder: Path) -> str:
    """A database as it was then; its URL."""
    if ".sqlite." in fixture.name:
        with sqlite3.connect(folder / "history.db") as connection:
            connection.executescript(fixture.read_text())
        return f"sqlite:///{folder}/history.db"
    url = str(request.getfixturevalue("postgresql").new_database())
    with psycopg.connect(url) as connection:
        connection.execute(fixture.read_bytes())
    return url


def differences(url: str) -> list[Any]:
    """What today's tables have that the database lacks, and the other way round."""
    engine = make_engine(read_address(url))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
            )
            return list(compare_metadata(context, Base.metadata))
    finally:
        engine.dispose()


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_a_released_schema_comes_up_with_all_its_rows(
    fixture: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = load(fixture, request, tmp_path)
    with open_history(url) as history:
        [series] = history.series("phones")
        assert [(point.night, point.run_id) for point in series.points] == [
            ("2026-01-02", "first"),
            ("2026-01-03", "second"),
        ]
        assert series.points[1].effect == pytest.approx(math.log(0.8))
        assert series.environments["00000000000000aa"].facts == {"os": "Android 14"}
        kept_out = history.quarantine("adb:R5CT30")
        assert kept_out is not None
        assert kept_out.reason == "it failed three times"
        history.add_note("after the update", run_id="first")
        assert history.keep_runs([run_row(7)]) == 1
        assert len(history.series("phones", quantity="latency_p50")[0].points) == 3
        rows = history.read(
            lambda connection: connection.execute(text("select count(*) from bakeoff_result_rows")).scalar_one()
        )
        assert rows == 6
    assert differences(url) == []


def test_every_released_schema_but_todays_has_its_databases() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [NEWEST]
    numbers = {script.revision for script in scripts.walk_revisions()} - {NEWEST}
    for number in numbers:
        assert (RELEASED / f"schema_{number}.sqlite.sql").is_file()
        assert (RELEASED / f"schema_{number}.postgresql.sql").is_file()


def test_a_new_database_has_todays_tables(url: str) -> None:
    with open_history(url):
        pass
    assert differences(url) == []


def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    with open_history(url) as history:
        history.write(lambda connection: connection.execute(text(f"update {VERSION_TABLE} set version_num = '99'")))
    with pytest.raises(HistoryOfNewerSchemaError, match="written by a newer bakeoff"):
        open_history(url)
    done = bakeoff("history", "list", "--history", url)
    assert done.exit_code == 2
    assert re.fullmatch(r"bakeoff: the history .* newer bakeoff .*99.*\n  Update bakeoff .*\n", done.stderr)
    assert done.stdout == ""


def test_a_migration_that_is_cut_leaves_the_database_as_it_was(url: str) -> None:
    engine = make_engine(read_address(url))
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection:
            with connection.begin():
                upgrade(connection, "1")
            cut = connection.begin()
            upgrade(connection, NEWEST)
            assert schema_of(connection) == NEWEST
            # As the end of the process would.
            cut.rollback()
        with engine.connect() as connection:
            assert schema_of(connection) == "1"
            assert not inspect(connection).has_table("bakeoff_notes")
    finally:
        engine.dispose()
    with open_history(url) as history:
        assert history.notes() == []


def test_two_who_migrate_at_once_both_come_through(url: str) -> None:
    from threading import Barrier, Thread

    ready, faults = Barrier(4), []

    def host() -> None:
        try:
            ready.wait(timeout=60)
            with open_history(url) as history:
                history.notes()
        except BaseException as fault:
            faults.append(fault)

    threads = [Thread(target=host) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert differences(url) == []
