"""Environments of their own for the programs that benchmarks measure against."""

from __future__ import annotations

import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path


def peers_environment(name: str, packages: Sequence[Sequence[str]]) -> Path:
    """Python of an environment in ~/.cache/bakeoff-benchmarks, made if it is not there; `packages` are the arguments of
    one `pip install` after the other.
    """
    folder = Path.home() / ".cache" / "bakeoff-benchmarks" / name
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        for arguments in packages:
            subprocess.run([python, "-m", "pip", "install", "--quiet", *arguments], check=True)
        (folder / "complete").touch()
    return python
