"""A real PostgreSQL server of the tests' own: Debian's, as an unprivileged user, on loopback, gone with its process."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.free_port import free_port

_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"
PASSWORD = "correct horse/battery:staple@home"
"""What the role `locked` logs in with; in a URL it has to be quoted. Every other role needs none."""


def programs() -> Path | None:
    """The folder of initdb and postgres."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    return max((path.parent for path in _DEBIAN.glob("*/bin/initdb")), default=None)


def missing_parts() -> str | None:
    """Why there can be no server here, with the remedy; None where there can."""
    if programs() is None:
        return "PostgreSQL is not installed: sh scripts/install_test_packages.sh"
    if shutil.which("setpriv") is None:
        return "setpriv is not installed: it is in the package util-linux"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(_USER)
        except KeyError:
            return f"PostgreSQL refuses to run as root, and there is no user {_USER}"
    return None


class PostgreSQLServer:
    """A server with a data folder of its own, and as many empty databases as are asked for."""

    def __init__(self) -> None:
        self.port = free_port()
        self._names = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        # The tests' own folders can be read by nobody else, and the server is another user.
        self._home = Path(tempfile.mkdtemp(prefix="bakeoff-tests-postgresql-"))
        self.data = self._home / "data"
        if os.geteuid() == 0:
            shutil.chown(self._home, _USER)
        self._run("initdb", "-D", self.data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        rules = "host all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\nlocal all all trust\n"
        (self.data / "pg_hba.conf").write_text(rules)
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{self._home}'\n"
                "fsync = off\nfull_page_writes = off\nshared_buffers = 16MB\n"
                "max_connections = 60\nautovacuum = off\nlog_timezone = 'UTC'\ntimezone = 'UTC'\n"
            )

    def _as_user(self) -> list[str]:
        # The server ends with the process that started it, also where that was killed.
        user = ["--reuid", _USER, "--regid", _USER, "--init-groups"] if os.geteuid() == 0 else []
        return ["setpriv", *user, "--pdeathsig", "INT", "--"]

    def _run(self, program: str, *arguments: object) -> None:
        folder = programs()
        assert folder is not None
        done = subprocess.run(
            [*self._as_user(), str(folder / program), *map(str, arguments)],
            cwd=self._home,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            timeout=300,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr.decode(errors='replace')[-2000:]}")

    def start(self) -> None:
        """Start, and wait until it answers."""
        folder = programs()
        assert folder is not None
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user(), str(folder / "postgres"), "-D", str(self.data)],
                cwd=self._home,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 120
        while True:
            try:
                self.execute("select 1")
            except Exception:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"PostgreSQL did not start: {self.log()[-2000:]}") from None
                time.sleep(0.1)
            else:
                break

    def stop(self) -> None:
        """End it at once, with every connection."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop, and remove its data."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def log(self) -> str:
        """What the server had to say."""
        return (self._home / "log").read_text(errors="replace")

    def execute(self, statement: str, database: str = "postgres") -> None:
        """One statement of the administrator's."""
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="tester", dbname=database, connect_timeout=10, autocommit=True
        ) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def url(self, database: str, user: str = "tester") -> str:
        """The URL of a database that is there."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"bakeoff_{os.getpid()}_{next(self._names)}"
        self.execute(f"create database {name} template template0")
        return self.url(name)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQLServer]:
    """A server for all tests of this worker: each asks for a database of its own."""
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    server = PostgreSQLServer()
    try:
        server.start()
        server.execute(f"create role locked login password '{PASSWORD}'")
        yield server
    finally:
        with contextlib.suppress(OSError):
            server.remove()


@pytest.fixture
def own_postgresql() -> Iterator[PostgreSQLServer]:
    """A server of the test's own, to stop and to start."""
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    server = PostgreSQLServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()
