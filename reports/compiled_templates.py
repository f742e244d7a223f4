"""Compiled templates kept in this user's cache folder: compiling them was a third of the time that a page takes.

A template is compiled anew where its source, Jinja, Python or what this package does with a template has changed. What
cannot be kept, or read, is compiled each time: nothing depends on the folder.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

from devices.cache import cache_folder

_MODE = 0o700


class CompiledTemplates(BytecodeCache):
    """A file for each template, in a folder that only this user may write to: what is in it is executed."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where they are kept; None is one in the cache folder. It is made when it is needed."""
        self._named = folder

    @property
    def _folder(self) -> Path:
        """Raises RuntimeError for a user who has no home, and so no cache folder."""
        return self._named or cache_folder() / "templates"

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read the template's code; where there is none that can be read, the bucket stays empty."""
        try:
            if _is_ours_alone(self._folder):
                with (self._folder / bucket.key).open("rb") as file:
                    bucket.load_bytecode(file)
        except (OSError, RuntimeError, EOFError, ValueError, TypeError, pickle.UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the template's code; a full disk or a folder that is not ours keeps it from that, and no more."""
        with suppress(OSError, RuntimeError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=_MODE)
            if not _is_ours_alone(self._folder):
                return
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".part-")
            try:
                with os.fdopen(handle, "wb") as file:
                    bucket.write_bytecode(file)
                Path(name).replace(self._folder / bucket.key)
            except OSError:
                Path(name).unlink(missing_ok=True)

    def get_source_checksum(self, source: str) -> str:
        """Of everything that the code is made from."""
        return hashlib.sha256(_compiler() + source.encode()).hexdigest()


def _is_ours_alone(folder: Path) -> bool:
    there = folder.lstat()
    return stat.S_ISDIR(there.st_mode) and there.st_uid == os.getuid() and not there.st_mode & 0o022


@cache
def _compiler() -> bytes:
    """What compiles: Jinja, Python, and the code that says how texts are put in, which constants go through."""
    home = Path(__file__).parent
    own = b"\0".join((home / name).read_bytes() for name in ("page_environment.py", "inert_text.py"))
    return f"{jinja2.__version__}\0{sys.version}\0".encode() + own + b"\0"
