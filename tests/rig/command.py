"""The bakeoff command as its user runs it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str


def environment(**more: str) -> dict[str, str]:
    """The environment of a command."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "80", **more}


def argv(*arguments: object) -> list[str]:
    """The command line of `bakeoff ARGUMENTS`."""
    return [sys.executable, "-m", "harness.cli.main", *(str(argument) for argument in arguments)]


def bakeoff(*arguments: object, cwd: Path | None = None, timeout_s: float = 300.0, **more: str) -> Finished:
    """Run to the end."""
    done = subprocess.run(
        argv(*arguments), cwd=cwd, env=environment(**more), capture_output=True, timeout=timeout_s, check=False
    )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments: object, log: Path, **more: str) -> subprocess.Popen[bytes]:
    """Start and go on; stdout and stderr go to `log`. In a process group of its own, as from a terminal."""
    with log.open("wb") as output:
        return subprocess.Popen(
            argv(*arguments), env=environment(**more), stdout=output, stderr=output, start_new_session=True
        )
