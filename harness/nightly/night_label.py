"""The night that a measurement is of: a date. It is fixed when the night begins and stays until it is done, whatever
the clock does meanwhile.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from harness.errors import UserError

_LABEL: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def tonight(now: datetime | None = None) -> str:
    """The local date."""
    return (now or datetime.now().astimezone()).date().isoformat()


def checked_night(text: str) -> str:
    """A night as a user names it. Raises `UserError` where it is no date."""
    try:
        night = date.fromisoformat(text if _LABEL.match(text) else "")
    except ValueError:
        raise UserError(f"{text[:40]!r} is not a night", "Write its date, such as 2026-11-30.") from None
    return night.isoformat()
