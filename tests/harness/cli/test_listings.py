"""Listings at a terminal of 80 columns: folded between words, each line below its own text; whole in a file."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

from tests.harness.conftest import FinishedRun
from tests.rig.command import argv, bakeoff, environment


def at_a_terminal(*arguments: object, columns: int) -> list[str]:
    """What the command writes on a terminal so wide, to its end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    variables = {name: value for name, value in environment().items() if name not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(argv(*arguments), env=variables, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL):
        os.close(theirs)
        written = b""
        try:
            while some := os.read(ours, 65536):
                written += some
        except OSError:  # how a terminal says that nobody writes to it any more
            pass
        finally:
            os.close(ours)
    return written.decode().splitlines()


def test_what_check_lists_is_folded_on_a_terminal_and_whole_in_a_file(finished_run: FinishedRun) -> None:
    experiment: Path = finished_run.tiny.folder / "experiment.toml"
    folded = at_a_terminal("check", experiment, columns=60)
    whole = bakeoff("check", experiment).stdout.splitlines()
    assert max(map(len, whole)) > 60
    assert max(map(len, folded)) <= 60
    assert len(folded) > len(whole)
    assert " ".join(" ".join(folded).split()) == " ".join(" ".join(whole).split())
    begin = next(index for index, line in enumerate(folded) if line.startswith("baseline  "))
    assert folded[begin + 1].startswith(" " * 10)


def test_a_small_model_is_not_said_to_be_of_no_size(finished_run: FinishedRun) -> None:
    said = bakeoff("check", finished_run.tiny.folder / "experiment.toml").stdout
    size = (finished_run.tiny.folder / finished_run.tiny.baseline).stat().st_size
    assert f"({size:,} bytes)" in said
