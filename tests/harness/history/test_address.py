"""Where the history is: what is wrong is said in two lines, and no password anywhere."""

from __future__ import annotations

import sqlite3
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.errors import UserError
from harness.history.address import default_url, read_address
from harness.history.store import open_history
from tests.harness.history.sample_rows import run_row
from tests.rig.command import bakeoff
from tests.rig.free_port import free_port
from tests.rig.postgresql import PASSWORD, PostgreSQLServer

SECRET = "sesame/open:now@cave"
QUOTED = quote(SECRET, safe="")


def everything_said(error: BaseException) -> str:
    """The error with all that it was raised from, and what each of them holds."""
    texts = ["".join(traceback.format_exception(error))]
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        texts += [repr(one), str(one), repr(one.args), repr(vars(one))]
        left += [one.__cause__, one.__context__]
    return "\n".join(texts)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("mysql://user:{secret}@host/db", "and not in mysql"),
        ("postgresql://user:{secret}@host", "names no database"),
        ("postgresql://user:{secret}@host:port/db", "cannot be taken apart"),
        ("postgresql://user:{secret}@host:99999999/db", "its port is none"),
        ("postgresql://user:{secret}@cave@host/db", "cannot be taken apart"),
        ("postgresql://us/er:{secret}@host/db", "cannot be taken apart"),
        ("postgresql://user:{secret}@/db?a=b", "is no address of a database"),
        ("{secret}://x", "and not in that"),
        ("sqlite://history.db", "three slashes"),
        ("sqlite:///", "three slashes"),
        ("sqlite:///a.db?mode=memory&password={secret}", "takes no options"),
        ("sqlite:///:memory:", "gone at once"),
    ],
)
@pytest.mark.parametrize("secret", [SECRET, QUOTED], ids=["plain", "quoted"])
def test_a_wrong_url_is_said_without_its_password(url: str, fault: str, secret: str) -> None:
    with pytest.raises(UserError) as raised:
        open_history(url.format(secret=secret))
    said = str(raised.value)
    # What is not quoted comes apart elsewhere.
    assert fault in said or (secret == SECRET and "cannot be taken apart" in said)
    assert raised.value.remedy
    assert "sesame" not in everything_said(raised.value)


@pytest.mark.parametrize("secret", ["wrong-password-4711", QUOTED], ids=["plain", "quoted"])
def test_a_wrong_password_is_said_without_it(postgresql: PostgreSQLServer, secret: str) -> None:
    url = postgresql.new_database().replace("tester@", f"locked:{secret}@")
    with pytest.raises(UserError, match="the password is wrong") as raised:
        open_history(url)
    said = everything_said(raised.value)
    assert "4711" not in said
    assert "sesame" not in said
    if secret == QUOTED:
        return
    done = bakeoff("history", "list", "--history", url)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 2
    assert "4711" not in done.stderr
    assert "sesame" not in done.stderr


def test_a_password_comes_in_the_url_or_from_the_environment_or_pgpass(
    postgresql: PostgreSQLServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = postgresql.new_database()
    postgresql.execute("grant create on schema public to locked", own.rpartition("/")[2])
    bare = own.replace("tester@", "locked@")
    with pytest.raises(UserError, match="asks for a password"):
        open_history(bare)
    with open_history(bare.replace("locked@", f"locked:{quote(PASSWORD, safe='')}@")) as history:
        assert history.keep_runs([run_row(1)]) == 1
        assert "battery" not in history.url
        assert "battery" not in repr(history.address)
    monkeypatch.setenv("BAKEOFF_HISTORY_PASSWORD", PASSWORD)
    with open_history(bare.replace("postgresql://", "postgresql+psycopg://")) as history:
        assert history.keep_runs([run_row(1)]) == 0
    monkeypatch.delenv("BAKEOFF_HISTORY_PASSWORD")
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:*:*:locked:{PASSWORD.replace(':', chr(92) + ':')}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    with open_history(bare) as history:
        assert history.keep_runs([run_row(1)]) == 0


def test_a_server_that_is_not_there_is_said(postgresql: PostgreSQLServer) -> None:
    with pytest.raises(UserError, match="nothing listens there"):
        open_history(f"postgresql://tester:{QUOTED}@127.0.0.1:{free_port()}/db")
    with pytest.raises(UserError, match="no such database or user"):
        open_history(postgresql.url("none"))
    with pytest.raises(UserError, match="no such host"):
        open_history("postgresql://tester@host.invalid/db")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear history,\n" * 100)
    with pytest.raises(UserError, match="is no SQLite database"):
        open_history(str(file))
    assert file.read_text().startswith("Dear history")
    with pytest.raises(UserError, match="cannot be opened"):
        open_history(str(tmp_path))


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    with open_history(url) as history:
        history.keep_runs([run_row(number) for number in range(200)])
    file = tmp_path / "history.db"
    content = bytearray(file.read_bytes())
    content[4096 : len(content) - 4096] = b"\xff" * (len(content) - 8192)
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"is damaged|cannot be used"), open_history(url) as history:
        history.series("phones")


def test_no_history_is_made_by_looking_for_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no history"):
        open_history(str(tmp_path / "deep" / "history.db"), create=False)
    assert list(tmp_path.iterdir()) == []
    with open_history(str(tmp_path / "deep" / "history.db")):
        pass
    assert (tmp_path / "deep" / "history.db").is_file()


def test_a_history_holds_readers_and_a_writer_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    with open_history(url) as history:
        history.keep_runs([run_row(1)])
        with sqlite3.connect(tmp_path / "history.db", isolation_level=None) as other:
            assert other.execute("pragma journal_mode").fetchone() == ("wal",)
            other.execute("begin immediate")
            assert len(history.series("phones")) == 3
            other.execute("rollback")


def test_the_default_is_the_environments_or_a_file_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_HISTORY", "postgres://ada@db/bakeoff")
    assert read_address().shown == "postgresql://ada@db/bakeoff"
    monkeypatch.delenv("BAKEOFF_HISTORY")
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_url() == "sqlite:////home/ada/.local/share/bakeoff/history.db"
    assert str(read_address().file) == "/home/ada/.local/share/bakeoff/history.db"
    assert read_address("sqlite:///here.db").file == Path("here.db").absolute()
