"""What a person sees while a run goes on."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from harness.runs.session.progress import LogProgress, shortened

LONG = "ssh://somebody@a-very-long-host-name.with.many.labels.example.org:22022/var/lib/bakeoff"
HOSTILE = "ssh://pi@\x1b[31mevil\nname[red]x[/red]"


@pytest.mark.parametrize("name", [LONG, HOSTILE, "图" * 40, "x" * 27])
def test_a_long_name_keeps_both_its_ends_within_its_columns(name):
    from rich.cells import cell_len

    short = shortened(name, 26)
    assert cell_len(short) <= 26
    assert "…" in short
    assert short[:3] == name[:3]
    assert short[-1] == name[-1]


def test_a_short_name_is_left_as_it_is():
    assert shortened("ssh://pi@bench-4", 26) == "ssh://pi@bench-4"


SHOW = """
import sys
from harness.runs.session.progress import shown_progress
with shown_progress() as progress:
    for done in (1, 2009):
        for name in sys.argv[1:]:
            progress.advance(name, "measuring", done, 2009)
    progress.say(sys.argv[1], "[bold]said[/bold] \\x1b]0;title\\x07")
    progress._bars.refresh()
"""


def on_a_terminal(*names: str, columns: int = 80) -> str:
    """What a terminal of that width is sent."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW, *names],
        stderr=theirs,
        cwd=Path(__file__).parents[4],
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        said += chunk
    os.close(ours)
    assert process.wait() == 0
    return said.decode()


def test_numbers_stay_in_sight_at_80_columns_and_names_give_no_orders_to_the_terminal():
    said = on_a_terminal(LONG, HOSTILE, "local")
    assert said.count("2009/2009") >= 3
    assert "\x1b[31mevil" not in said
    assert "\x1b]0;title" not in said
    assert "[bold]said[/bold]" in said


def test_without_a_stderr_nothing_is_said_and_nothing_breaks():
    done = subprocess.run(
        [
            "sh",
            "-c",
            'exec "$@" 2>&-',
            "sh",
            sys.executable,
            "-c",
            SHOW.replace("progress._bars.refresh()", ""),
            "local",
        ],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout == b""


def test_a_device_s_name_is_said_once(capsys):
    LogProgress().say("adb:PHONE", "adb:PHONE: the disk is full there")
    assert capsys.readouterr().err.endswith("] adb:PHONE: the disk is full there\n")
