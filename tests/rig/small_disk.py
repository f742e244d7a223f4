"""A file system of a few megabytes, for what happens when a disk is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """`folder` made, with a file system of its own; the test is skipped where that cannot be had."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root: run this test as root")
    folder.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "bakeoff-test", str(folder)]
    if subprocess.run(argv, check=False).returncode != 0:
        pytest.skip("this machine does not let root mount a tmpfs (a container?): run on a machine that does")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
