"""This computer as a job of cron's sees it: no HOME, or one that this user may not write to."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.command import argv, environment

_CONNECT = """
import os, sys
from devices.errors import PermanentError
from devices.posix.local import LocalDevice
os.setgid(int(sys.argv[1]))
os.setuid(int(sys.argv[1]))
try:
    LocalDevice().connect()
except PermanentError as error:
    print(error.what, error.remedy, sep="\\n")
"""


def nobody() -> pwd.struct_passwd:
    found = next((each for each in pwd.getpwall() if each.pw_dir == "/nonexistent" and each.pw_uid), None)
    if os.geteuid() != 0 or found is None:
        pytest.skip("needs root, and a user whose home is not there, to become: run these tests as root")
    return found


def test_without_home_it_is_the_one_that_the_system_knows_and_never_the_current_folder(tmp_path: Path) -> None:
    variables = {name: value for name, value in environment().items() if name not in {"HOME", "BAKEOFF_LOCAL_WORKDIR"}}
    tmp_path.chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-c", _CONNECT, str(nobody().pw_uid)],
        cwd=tmp_path, env=variables, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    what, remedy = done.stdout.splitlines()
    assert "/nonexistent/.cache/bakeoff/device: Permission denied" in what
    assert "BAKEOFF_LOCAL_WORKDIR=" in remedy
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_made_is_named_with_the_variable_for_another(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = str(tmp_path / "file")
    variables = {**environment(HOME=home), "BAKEOFF_CACHE": ""}
    done = subprocess.run(
        argv("runner", "build", "--target", "linux-x86_64"), env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"bakeoff: {home}")
    assert "BAKEOFF_CACHE names another folder" in done.stderr


_TELL = """
import os
import devices.environments.wheel_download
from harness.cli.main import _for_user
from harness.errors import UserError
os.setgid(54321)
os.setuid(54321)
print(_for_user(FileNotFoundError(2, "No such file or directory", "a.toml")))
"""


def test_a_user_whom_the_system_does_not_know_is_told_of_a_file_all_the_same() -> None:
    nobody()
    try:
        pwd.getpwuid(54321)
    except KeyError:
        pass
    else:
        pytest.skip("needs that the user id 54321 is nobody's here")
    unset = {"HOME", "BAKEOFF_CACHE"}
    done = subprocess.run(
        [sys.executable, "-c", _TELL],
        env={name: value for name, value in environment().items() if name not in unset},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("['bakeoff: a.toml: No such file or directory']\n", "")
