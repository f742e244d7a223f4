"""What is built once and kept, though several test processes want it at the same moment."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def built_once(made: Path) -> Iterator[bool]:
    """Whether `made` is still to be built: the others wait meanwhile, and find it there."""
    if made.exists():
        yield False
        return
    made.parent.mkdir(parents=True, exist_ok=True)
    with made.with_name(f"{made.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not made.exists()


def common_folder(factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that all test processes of this session have in common."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A temporary folder that all test processes of this session have in common: the first that wants it calls `make`
    with the empty folder. Nobody changes what is in it.
    """
    home = common_folder(factory) / name
    made = home.with_name(f"{name}.made")
    with built_once(made) as is_missing:
        if is_missing:
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            make(home)
            made.touch()
    return home
