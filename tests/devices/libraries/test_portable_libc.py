"""A C library to bring along: the host's own for its own machine, Debian's for another."""

import platform
import subprocess
import sys

import pytest

from devices.errors import RuntimeNotAvailableError
from devices.libraries.portable_libc import LOADERS, portable_libc


@pytest.mark.skipif(platform.machine() not in LOADERS, reason="no loader is known for this machine")
def test_the_files_brought_along_start_a_program_by_themselves(tmp_path):
    import shutil

    for path in portable_libc(platform.machine()):
        shutil.copy(path, tmp_path / path.name)
    loader = tmp_path / LOADERS[platform.machine()]
    listed = subprocess.run(
        [loader, "--library-path", tmp_path, "--list", sys.executable], capture_output=True, text=True, check=True
    )
    assert f"libc.so.6 => {tmp_path}/libc.so.6" in listed.stdout


def test_a_machine_nobody_has_a_libc_for_is_said():
    with pytest.raises(RuntimeNotAvailableError, match="riscv64"):
        portable_libc("riscv64")
