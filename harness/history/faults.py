"""What a database complains of, in one or two lines of ours, with no password in them or behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from harness.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.exc import StatementError

    from harness.history.address import Address

_MOST_CHARACTERS: Final = 300


class HistoryError(UserError):
    """The history cannot be used as it is."""


class HistoryOutOfReachError(HistoryError):
    """The database is locked, gone or full: what was to be kept can be kept later."""


class HistoryRefusedError(HistoryError):
    """The server does not let us in: user, password or database are other ones."""


class HistoryOfNewerSchemaError(HistoryError):
    """A newer bakeoff has been at work there."""


def in_our_words(error: StatementError, address: Address) -> HistoryError:
    """The error to raise in place of `error`. Raise it outside of the handler: then nothing of `error` goes with it."""
    said = without_secrets(_first_line(error.orig or error), address.secrets)
    where = f"the history {without_secrets(address.shown, address.secrets)}"
    if not address.is_sqlite and any(phrase in said.lower() for phrase in _WRONG_ADDRESS):
        return HistoryError(f"{where} is no address of a database: {said}", "Mend the address.")
    if not isinstance(error, DBAPIError) or isinstance(error, (DataError, IntegrityError)):
        return HistoryError(f"{where} does not take what it was given: {said}", "Was it changed by hand?")
    if not address.is_sqlite:
        for phrase, fault, remedy in _REFUSED:
            # A table that does not exist is another matter, and said without the word.
            if phrase in said.lower() and ("fatal" in said.lower() or phrase == "no password supplied"):
                return HistoryRefusedError(f"{where}: {fault}", remedy)
    for phrase, fault, remedy in _SQLITE if address.is_sqlite else _POSTGRESQL:
        if phrase in said.lower():
            return HistoryOutOfReachError(f"{where}: {fault}", remedy)
    return HistoryOutOfReachError(f"{where} cannot be used: {said}", "Is the database there, whole, and ours to write?")


_WRONG_ADDRESS: Final = ("invalid connection option", "invalid integer value", "invalid port number", "invalid dsn")
"""What libpq says of an address that no waiting mends."""

_SQLITE: Final = (
    ("locked", "is locked by another program", "Try again when that is done."),
    ("not a database", "is no SQLite database", "Name another file."),
    ("malformed", "is damaged", "Take it back from a copy, or import the runs anew: bakeoff history import RUNS"),
    ("disk is full", "the disk is full", "Free space on this computer's disk."),
    ("readonly", "may not be written by you", "Choose a file that you may write to."),
    ("unable to open", "cannot be opened", "Is the folder there, and yours to write?"),
)
_REFUSED: Final = (
    (
        "password authentication failed",
        "the password is wrong, or there is no such user",
        "It is looked for in the URL, in $BAKEOFF_HISTORY_PASSWORD and in ~/.pgpass.",
    ),
    (
        "no password supplied",
        "the server asks for a password",
        "Put it into $BAKEOFF_HISTORY_PASSWORD or into ~/.pgpass.",
    ),
    ("does not exist", "there is no such database or user", "The server's `createdb` makes a database."),
    ("no pg_hba.conf entry", "the server lets nobody in from here", "Its pg_hba.conf says whom it does."),
)
_POSTGRESQL: Final = (
    ("connection refused", "nothing listens there", "Is the server running, and are host and port right?"),
    ("lock timeout", "is locked by another program", "Try again when that is done."),
    ("timeout", "the server does not answer", "Is it running, and are host and port right?"),
    ("resolve host", "there is no such host", "Is its name spelt right?"),
    ("name or service not known", "there is no such host", "Is its name spelt right?"),
    ("permission denied", "this user may not do that there", "The database's owner can grant it."),
)


def without_secrets(text: str, secrets: Sequence[str]) -> str:
    """`text` with every secret in it replaced by stars."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # The last of several attempts (IPv6, then IPv4) says what came of it.
    telling = next((line for line in lines if "FATAL" in line), lines[0])
    return telling.strip()[:_MOST_CHARACTERS]
