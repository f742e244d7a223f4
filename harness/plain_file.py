"""Opening files that somebody named: plain files, and nothing that is waited for or has no end."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Final

_KINDS: Final = (
    (stat.S_ISFIFO, "it is a named pipe, and a file is needed"),
    (stat.S_ISSOCK, "it is a socket, and a file is needed"),
    (stat.S_ISCHR, "it is a device file, and a plain one is needed"),
    (stat.S_ISBLK, "it is a device file, and a plain one is needed"),
)


def open_plain_file(path: Path) -> BufferedReader:
    """Open for reading. Raises OSError as `open` does, and at once, with the reason as its `strerror`, for a pipe, a
    socket or a device file: those would be waited for, or read for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _refuse_others(path, os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _refuse_others(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    for is_kind, words in _KINDS:
        if is_kind(mode):
            raise OSError(errno.EINVAL, words, os.fspath(path))


def read_plain_file(path: Path, *, most_bytes: int) -> bytes:
    """All of it. Raises OSError as `open_plain_file` does, and for a file that is longer."""
    with open_plain_file(path) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"it is longer than {most_bytes:,} bytes", os.fspath(path))
    return content
