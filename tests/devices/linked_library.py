"""Libraries of this machine that need each other, linked as somebody's own build of a runtime is."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import onnxruntime
import pytest


def maker_s_onnxruntime() -> Path:
    """ONNX Runtime's own library for this machine, as its Python package has it."""
    (path,) = (Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.1.*")
    return path


def link_library(at: Path, needs: Sequence[Path] = (), soname: str | None = None) -> Path:
    """A library with nothing in it that needs others by the names that they have of themselves. Skips the test where
    no compiler is at hand.
    """
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no gcc or clang on this machine: apt install gcc libc6-dev")
    at.parent.mkdir(parents=True, exist_ok=True)
    source = at.with_name(f"{at.name}.c")
    source.write_text("extern int nothing;\n")
    named = [f"-Wl,-soname,{soname or at.name}", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined"]
    argv = [compiler, "-shared", "-fPIC", "-nostdlib", *named, str(source), *map(str, needs), "-o", str(at)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    source.unlink()
    return at


def onnxruntime_in_two(folder: Path) -> Path:
    """A `libonnxruntime.so` that has nothing itself: all is in `libonnxruntime.so.1` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    real = shutil.copy(maker_s_onnxruntime(), folder / "libonnxruntime.so.1")
    return link_library(folder / "libonnxruntime.so", [Path(real)])
