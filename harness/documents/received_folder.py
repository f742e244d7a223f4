"""A run folder may be somebody else's: looked through before anything in it is opened.

bakeoff makes plain files and folders there. A link would lead what is read and written out of the folder, a pipe would
be waited for without end, a device file has none.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from harness.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_ENTRIES: Final = 5_000_000
_DEEPEST: Final = 16
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device file"),
    (stat.S_ISCHR, "a device file"),
)


def refuse_foreign_entries(folder: Path) -> None:
    """Raise `UserError` where anything in `folder` is neither a plain file nor a folder. `folder` itself may be a link:
    it is what the user named.
    """
    left = [(os.fspath(folder), 0)]
    seen = 0
    while left:
        place, depth = left.pop()
        if depth > _DEEPEST:
            raise UserError(f"{place}: folders lie deeper in each other than a run has them", "Take it out.")
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    seen += 1
                    if seen > _MOST_ENTRIES:
                        raise UserError(f"{folder}: holds more than {_MOST_ENTRIES:,} files", "Is it a run?")
                    mode = entry.stat(follow_symlinks=False).st_mode
                    if stat.S_ISDIR(mode):
                        left.append((entry.path, depth + 1))
                    elif not stat.S_ISREG(mode):
                        what = next((words for is_kind, words in _KINDS if is_kind(mode)), "no plain file")
                        raise UserError(
                            f"{entry.path}: is {what}, and a run is made of plain files and folders",
                            "bakeoff made no such thing. Put the file itself in its place, or take it out.",
                        )
        except (FileNotFoundError, NotADirectoryError):
            return  # whoever opens it says so
        except OSError as error:
            raise UserError(f"{place}: cannot be looked through: {error.strerror}", "Is the run whole?") from None
