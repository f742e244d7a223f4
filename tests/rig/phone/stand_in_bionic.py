"""A C library and a linker for the phone under Android's names, so that it says bionic and starts Android's own builds.

It is this machine's glibc: its loader as /system/bin/linker64, and a `libc.so` with bionic's names that glibc lacks.
"""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from devices.errors import DeviceError
from devices.libraries.portable_libc import LOADERS, portable_libc
from tests.devices.foreign_machine import MACHINES, bionic_shim

_MACHINE = MACHINES["android-x86_64"]


def missing_parts() -> str | None:
    """Why none can be made here, or None."""
    if platform.machine() != "x86_64":
        return "only x86-64 runs Android's build for x86-64"
    try:
        portable_libc("x86_64")
    except DeviceError as error:
        return str(error)
    return None


def put_bionic(root: Path, scratch: Path) -> None:
    """Into a phone's root, before it is switched on."""
    libraries = root / "system/lib64"
    where_this_loader_looks = root / "lib" / "x86_64-linux-gnu"
    where_this_loader_looks.parent.mkdir()
    where_this_loader_looks.symlink_to("/system/lib64")
    for path in portable_libc("x86_64"):
        at = root / "system/bin/linker64" if path.name == LOADERS["x86_64"] else libraries / path.name
        shutil.copy(path, at)
    shutil.copy(_MACHINE.libraries / _MACHINE.loader, libraries)  # glibc's libc.so.6 names it
    for path in bionic_shim(_MACHINE, scratch).glob("*.so"):
        shutil.copy(path, libraries)
