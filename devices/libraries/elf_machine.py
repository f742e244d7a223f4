"""For which machine a shared library was made, by the first bytes of its file: a wrong one is never sent."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

from devices.errors import RuntimeNotAvailableError

_MACHINES: Final = {(2, 62): "x86-64", (2, 183): "arm64", (1, 40): "armv7", (1, 3): "x86"}
"""(EI_CLASS, e_machine) → its name: https://gabi.xinuos.com, and the processors' supplements."""

_TARGETS: Final = {
    "linux-x86_64": "x86-64",
    "linux-aarch64": "arm64",
    "linux-armv7": "armv7",
    "android-x86_64": "x86-64",
    "android-arm64-v8a": "arm64",
    "android-armeabi-v7a": "armv7",
    "android-x86": "x86",
}


def machine_of(path: Path) -> str | None:
    """`x86-64`, `arm64`, `armv7` or `x86`; None where the file is no little-endian ELF file of one of these."""
    with path.open("rb") as file:
        head = file.read(20)
    if len(head) < 20 or head[:4] != b"\x7fELF" or head[5] != 1:
        return None
    return _MACHINES.get((head[4], struct.unpack_from("<H", head, 18)[0]))


def refuse_other_machine(path: Path, target: str, where: str) -> None:
    """Raises `RuntimeNotAvailableError` where the library at `path` is not for `target` (`linux-aarch64`, …).

    `where` names the file for people, who may know it as a member of an archive.
    """
    found, wanted = machine_of(path), _TARGETS[target]
    if found != wanted:
        is_what = f"is for {found}" if found else "is no shared library that is known here"
        raise RuntimeNotAvailableError(f"{where} {is_what}; the device needs one for {wanted}", "Bring the right file.")
