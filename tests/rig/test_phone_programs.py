"""The phone's own programs are clean shell."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parent / "phone" / "system_bin").iterdir())


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_shellcheck_has_nothing_to_say(program: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck on this machine: apt install shellcheck")
    # ksh: what /system/bin/sh of a phone, mksh, is a kind of.
    done = subprocess.run(["shellcheck", "--shell=ksh", str(program)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0
