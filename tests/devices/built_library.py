"""Libraries in C that tests load, built for this machine once and kept."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from devices.build.native_build import SOURCES
from tests.rig.built_once import built_once


@functools.cache
def built_library(name: str) -> Path:
    """From a source beside this file. Skips the test where no compiler is at hand."""
    source = Path(__file__).with_name(name)
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no gcc or clang on this machine: apt install gcc libc6-dev")
    parts = [source.read_bytes(), *(path.read_bytes() for path in sorted(SOURCES.rglob("*.h")))]
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    cache = Path(os.environ.get("BAKEOFF_TEST_CACHE") or Path.home() / ".cache" / "bakeoff-tests")
    made = cache / "stubs" / f"lib{source.stem}-{digest}.so"
    with built_once(made) as is_missing:
        if is_missing:
            part = made.with_suffix(".part")
            command = [compiler, "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
            done = subprocess.run(
                [*command, f"-I{SOURCES}", str(source), "-o", str(part)], check=False, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            part.rename(made)
    return made
