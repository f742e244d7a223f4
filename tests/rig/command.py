"""The bakeoff command as its user runs it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.rig.forked_command import can_fork, run_forked

REPOSITORY = Path(__file__).parents[2]
MODULE = "harness.cli.main"


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str


def environment(**more: str) -> dict[str, str]:
    """The environment of a command: that of the tests, without what cv2 adds to it where a test imported that."""
    variables = dict(os.environ)
    places = [place for place in variables.pop("LD_LIBRARY_PATH", "").split(":") if "/cv2/../" not in place]
    if any(places):
        variables["LD_LIBRARY_PATH"] = ":".join(places)
    return {**variables, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "80", **more}


def argv(*arguments: object) -> list[str]:
    """The command line of `bakeoff ARGUMENTS`."""
    return [sys.executable, "-m", MODULE, *(str(argument) for argument in arguments)]


def bakeoff(
    *arguments: object, cwd: Path | None = None, timeout_s: float = 300.0, fresh: bool = False, **more: str
) -> Finished:
    """Run to the end. `fresh`: in a process that imports all it needs, for who looks at the interpreter; otherwise in
    one that is forked from a warm one, where that can be no difference.
    """
    variables = environment(**more)
    if not fresh and can_fork(variables):
        words = [str(argument) for argument in arguments]
        done = run_forked(MODULE, words, folder=cwd, environment=variables, timeout_s=timeout_s)
    else:
        done = subprocess.run(
            argv(*arguments), cwd=cwd, env=variables, capture_output=True, timeout=timeout_s, check=False
        )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments: object, log: Path, **more: str) -> subprocess.Popen[bytes]:
    """Start and go on; stdout and stderr go to `log`. In a process group of its own, as from a terminal."""
    with log.open("wb") as output:
        return subprocess.Popen(
            argv(*arguments), env=environment(**more), stdout=output, stderr=output, start_new_session=True
        )
