"""The night that a measurement is of: a date. It is fixed when the night begins and stays until it is done, whatever
the clock does meanwhile.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from harness.documents.folder import read_model
from harness.errors import UserError
from harness.nightly.night_folder import NightFolder
from harness.nightly.state import NightState

GOES_ON_WITHIN: Final = timedelta(hours=12)

_LABEL: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def now() -> datetime:
    """The local time."""
    return datetime.now().astimezone()


def night_to_measure(suite_folder: Path, moment: datetime) -> str:
    """The local date; but of a night that was begun less than twelve hours ago and cut, around midnight or before the
    clock was set, that night's.
    """
    today = moment.date()
    if NightFolder(suite_folder / today.isoformat()).state.exists():
        return today.isoformat()
    for days in (-1, 1):
        night = (today + timedelta(days=days)).isoformat()
        if _is_to_go_on(NightFolder(suite_folder / night), moment):
            return night
    return today.isoformat()


def _is_to_go_on(folder: NightFolder, moment: datetime) -> bool:
    if not folder.state.exists():
        return False
    try:
        state = read_model(folder.state, NightState)
        began = datetime.fromisoformat(state.started_at)
    except (UserError, ValueError):
        return False
    return not state.is_finished and abs(moment - began) < GOES_ON_WITHIN


def checked_night(text: str) -> str:
    """A night as a user names it. Raises `UserError` where it is no date."""
    try:
        night = date.fromisoformat(text if _LABEL.match(text) else "")
    except ValueError:
        raise UserError(f"{text[:40]!r} is not a night", "Write its date, such as 2026-11-30.") from None
    return night.isoformat()
