"""A phone's paths: symbolic links resolved inside its root, files touched as its shell user."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

_LINKS_AT_MOST = 40
_libc = ctypes.CDLL(None, use_errno=True)


def resolve(root_fd: int, path: bytes, *, follow_last: bool) -> bytes:
    """The path below `root_fd`, without a leading slash and without links (`follow_last`: not even the last part).

    Parts that do not exist are kept as they are, so that whoever opens the path meets the error.
    """
    waiting = [part for part in path.split(b"/") if part not in (b"", b".")]
    done: list[bytes] = []
    links = 0
    while waiting:
        part = waiting.pop(0)
        if part == b"..":
            del done[-1:]
            continue
        here = b"/".join([*done, part])
        try:
            is_link = stat.S_ISLNK(os.stat(here, dir_fd=root_fd, follow_symlinks=False).st_mode)
        except OSError:
            is_link = False
        if not is_link or (not waiting and not follow_last):
            done.append(part)
            continue
        links += 1
        if links > _LINKS_AT_MOST:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(here, dir_fd=root_fd)
        if target.startswith(b"/"):
            done = []
        waiting = [part for part in target.split(b"/") if part not in (b"", b".")] + waiting
    return b"/".join(done) or b"."


@contextmanager
def file_access_as(user_id: int | None) -> Iterator[None]:
    """What this thread does to files, it does as that user (Linux keeps this identity per thread); null: as we are."""
    if user_id is None:
        yield
        return
    _libc.setfsgid(user_id)
    _libc.setfsuid(user_id)
    try:
        yield
    finally:
        _libc.setfsuid(os.geteuid())
        _libc.setfsgid(os.getegid())
