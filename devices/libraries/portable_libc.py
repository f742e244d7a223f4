"""The loader and libraries of glibc, to be pushed to a device that has no libc our Linux builds can use.

They are the host's own where its machine is the device's, else those of Debian's cross packages.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final

from devices.errors import RuntimeNotAvailableError

LOADERS: Final = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}
"""`uname -m` → the loader's file name."""

_NAMES: Final = (
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libgcc_s.so.1",
    "libstdc++.so.6",
)
_CROSS: Final = {"aarch64": ("aarch64-linux-gnu", "arm64"), "x86_64": ("x86_64-linux-gnu", "amd64")}


def portable_libc(machine: str) -> list[Path]:
    """The loader and seven libraries for a machine (`uname -m`).

    Raises `RuntimeNotAvailableError` naming the file that is missing and the packages that bring it.
    """
    if machine not in LOADERS:
        known = " and ".join(LOADERS)
        raise RuntimeNotAvailableError(f"no glibc can be brought along for {machine or 'an unknown machine'}", known)
    triple, debian = _CROSS[machine]
    folders = [Path("/usr") / triple / "lib"]
    if platform.machine() == machine:
        folders = [Path("/lib64"), Path("/usr/lib64"), Path("/lib") / triple, Path("/usr/lib") / triple, *folders]
    found = []
    for name in (LOADERS[machine], *_NAMES):
        path = next((folder / name for folder in folders if (folder / name).exists()), None)
        if path is None:
            raise RuntimeNotAvailableError(
                f"{name} for {machine} is not on this host; a device without a libc needs it",
                f"Debian has it: apt install libc6-{debian}-cross libgcc-s1-{debian}-cross libstdc++6-{debian}-cross",
            )
        found.append(path)
    return found
