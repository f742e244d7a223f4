"""A runtime's own shared library for a Linux device, taken out of the runtime's wheel from any host.

The native runner opens it with dlopen. It is the same file that Python's package of the runtime uses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from devices.environments.wheel_download import PinnedWheel, unpacked
from devices.errors import RuntimeNotAvailableError


@dataclass(frozen=True)
class RuntimeLibrary:
    """A library on this host, ready to be pushed."""

    path: Path
    sha256: str
    source: str
    """Where it is from, in a few words, for the record."""
    origin: Literal["wheel", "brought", "maven"] = "wheel"
    note: str = ""
    """What a person should know of it, such as that it is another file than last time."""
    beside: tuple[Path, ...] = ()
    """Libraries that it needs and brings along, each under its own name."""


@dataclass(frozen=True)
class _Member:
    """Where in a distribution's wheel the library lies."""

    folder: str
    pattern: str


_MEMBERS: Final = {
    "onnxruntime": _Member("onnxruntime/capi/", "libonnxruntime.so.[0-9]*"),
    "ai-edge-litert": _Member("ai_edge_litert/", "libLiteRt.so"),
}

_ORT_X86_64 = "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d"
_ORT_AARCH64 = "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c"
_LITERT_X86_64 = "1f15078a6725d2357d9de9221664c29afa0545d807559c5f7199ce5e40b96b23"
_LITERT_AARCH64 = "853fc608f96da87bd5f3458465dfb9abbf18d5ae6b94eceacead407146f175ae"

WHEELS: Final[dict[tuple[str, str, str], PinnedWheel]] = {
    (distribution, version, machine): PinnedWheel(distribution, version, (f"{system}_{machine}",), sha256)
    for distribution, version, system, machine, sha256 in (
        ("onnxruntime", "1.32.0", "manylinux_2_28", "x86_64", _ORT_X86_64),
        ("onnxruntime", "1.32.0", "manylinux_2_28", "aarch64", _ORT_AARCH64),
        ("ai-edge-litert", "2.3.0", "manylinux_2_27", "x86_64", _LITERT_X86_64),
        ("ai-edge-litert", "2.3.0", "manylinux_2_27", "aarch64", _LITERT_AARCH64),
    )
}
"""(runtime, version, `uname -m`) → the wheel that was tested."""


def runtime_library(runtime: str, version: str, machine: str) -> RuntimeLibrary:
    """The library of a runtime's version for Linux with glibc on a machine (`uname -m`), fetched once and cached.

    Raises `RuntimeNotAvailableError` for what is not pinned, `WheelError` where it cannot be fetched.
    """
    wheel = WHEELS.get((runtime, version, machine))
    if wheel is None:
        known = sorted(f"{name}=={number} ({kind})" for name, number, kind in WHEELS)
        raise RuntimeNotAvailableError(
            f"no library of {runtime}=={version} for Linux on {machine} is known to the native runner",
            f"It has {', '.join(known)}. Use the python runner for others.",
        )
    member = _MEMBERS[runtime]
    found = sorted((unpacked(wheel, member.folder) / member.folder).glob(member.pattern))
    if len(found) != 1:
        raise RuntimeNotAvailableError(f"{wheel} has no {member.folder}{member.pattern}")
    with found[0].open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return RuntimeLibrary(path=found[0], sha256=digest, source=f"wheel of {wheel}, sha256 {wheel.sha256}")
