"""Which runs were begun by this user on this computer: only with their devices is gone on unasked.

A run folder names devices, and what is started on them. One that was sent by somebody, or lies where another user put
it, could name any. So of each run that is begun here its folder (device and inode) is written down in the user's own
cache, under the run's id; a folder that was copied, or unpacked from an archive, is another.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from devices.cache import cache_folder
from harness.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence


class BegunElsewhereError(UserError):
    """A run of another user's or another computer's would be gone on with."""


def note_begun(folder: Path, run_id: str) -> None:
    """Write down that the run in `folder` was begun here. Where that cannot be written, going on is asked for later."""
    with contextlib.suppress(OSError, RuntimeError):
        place = _place(run_id)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.write_text(_which(folder), encoding="ascii")


def forget_begun(run_id: str) -> None:
    """Of a run whose folder is gone nothing is kept."""
    with contextlib.suppress(OSError, RuntimeError):
        _place(run_id).unlink(missing_ok=True)


def refuse_elsewhere(folder: Path, run_id: str, devices: Sequence[str], *, trusted: bool) -> None:
    """Raise `BegunElsewhereError` where the run was not begun here, unless the user said that it is `trusted`."""
    if trusted or _is_known(folder, run_id):
        return
    more = f" and {len(devices) - 5} more" if len(devices) > 5 else ""
    raise BegunElsewhereError(
        f"{folder}: was not begun by you on this computer, and names {', '.join(devices[:5])}{more} to connect to",
        "Programs would be started there as this folder says. If you know where it comes from, add --trust.",
    )


def refuse_unknown_files(folder: Path, run_id: str, unhashed: Sequence[str], *, trusted: bool) -> None:
    """Raise `UserError` where a run that was not begun here names files of this computer without the hash of what was
    in them (`unhashed`): whatever lies there would be read, and shown in a report that may be sent on.
    """
    if not unhashed or trusted or _is_known(folder, run_id):
        return
    more = f" and {len(unhashed) - 1} more" if len(unhashed) > 1 else ""
    raise UserError(
        f"{folder}: was not begun by you on this computer, and does not say what was in {unhashed[0]}{more}",
        "It could be any file of yours, and the report would show it. If it is the run's own, add --trust.",
    )


def _is_known(folder: Path, run_id: str) -> bool:
    try:
        return _place(run_id).read_text(encoding="ascii") == _which(folder)
    except (OSError, RuntimeError, ValueError):
        return False


def _which(folder: Path) -> str:
    about = folder.stat()
    return f"{os.geteuid()} {about.st_dev} {about.st_ino}\n"


def _place(run_id: str) -> Path:
    """`run_id` is a file's name by the manifest's own pattern."""
    return cache_folder() / "begun-here" / run_id
