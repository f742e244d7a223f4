"""Where the history is: one URL, whose password is never shown."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import UserError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

VARIABLE: Final = "BAKEOFF_HISTORY"
PASSWORD_VARIABLE: Final = "BAKEOFF_HISTORY_PASSWORD"

_POSTGRESQL: Final = ("postgresql", "postgres", "postgresql+psycopg")
_FORMS: Final = "For example sqlite:////home/me/history.db, or postgresql://user@host/database"
_SECRET_OPTIONS: Final = frozenset({"password", "passwd", "sslpassword"})


class WrongAddressError(UserError):
    """A URL that leads to no history whatever is done about the database."""


@dataclass(frozen=True)
class Address:
    """A URL taken apart."""

    url: URL
    """Complete, as SQLAlchemy takes it; it may hold a password and is shown to nobody."""

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file here, and not a server."""
        return self.url.drivername == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file of an SQLite history."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @property
    def shown(self) -> str:
        """For people and documents: without a password, wherever in the URL it was."""
        plain = self.url.difference_update_query(_SECRET_OPTIONS).set(password=None)
        return plain.render_as_string().replace("+psycopg://", "://", 1)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in no text: the password as it is and as a URL writes it."""
        from urllib.parse import quote, quote_plus

        given = [str(self.url.password)] if self.url.password else []
        for option in _SECRET_OPTIONS:
            value = self.url.query.get(option, ())
            given += [value] if isinstance(value, str) else value
        return tuple(
            form
            for one in dict.fromkeys(given)
            if one
            for form in (one, quote(one), quote(one, safe=""), quote_plus(one))
        )


def default_url() -> str:
    """`$BAKEOFF_HISTORY`, or the file `~/.local/share/bakeoff/history.db`."""
    return os.environ.get(VARIABLE) or f"sqlite:///{Path('~/.local/share/bakeoff/history.db').expanduser()}"


def read_address(text: str | None = None) -> Address:
    """The address that `text` is, or `default_url` where it is None or empty. A path is that of an SQLite file.

    Raises `WrongAddressError`, which never repeats a password.
    """
    text = text or default_url()
    if "://" not in text:
        return _sqlite_file(text)
    scheme = text.partition("://")[0].lower()
    if scheme == "sqlite":
        return _sqlite(text)
    if scheme in _POSTGRESQL:
        return _postgresql(text)
    known = scheme if scheme.replace("+", "").isalnum() and len(scheme) < 40 else "that"
    raise WrongAddressError(f"a history is kept in SQLite or PostgreSQL, and not in {known}", _FORMS)


def _sqlite_file(text: str) -> Address:
    from sqlalchemy.engine import URL

    if "\0" in text:
        raise WrongAddressError("a file's name cannot hold a zero byte", _FORMS)
    return Address(URL.create("sqlite", database=str(Path(text).expanduser().absolute())))


def _sqlite(text: str) -> Address:
    path = text.partition("://")[2]
    if not path.startswith("/") or path == "/":
        raise WrongAddressError("the URL of an SQLite history has three slashes and a file after them", _FORMS)
    if "?" in path:
        raise WrongAddressError("the URL of an SQLite history takes no options", _FORMS)
    if path == "/:memory:":
        raise WrongAddressError("a history in memory would be gone at once", _FORMS)
    return _sqlite_file(path[1:])


def _postgresql(text: str) -> Address:
    from sqlalchemy.engine import make_url

    fault = None
    try:
        url = make_url(text).set(drivername="postgresql+psycopg")
    except Exception:  # its message repeats what it was given, the password included
        fault = "it cannot be taken apart"
    else:
        if "@" in (url.host or "") or "@" in (url.database or ""):
            # A mark in a password that was not quoted: a part of it would be shown as the host's name.
            fault = "it cannot be taken apart"
        elif not url.database:
            fault = "it names no database"
        elif url.port is not None and not 0 < url.port < 65_536:
            fault = "its port is none"
    if fault is not None:
        remedy = (
            f"{_FORMS}; in a password, @ / : % and # are written %40 %2F %3A %25 %23, or it is in ${PASSWORD_VARIABLE}"
        )
        raise WrongAddressError(f"the history's URL is wrong: {fault}", remedy)
    password = os.environ.get(PASSWORD_VARIABLE)
    return Address(url.set(password=password) if password and not url.password else url)
