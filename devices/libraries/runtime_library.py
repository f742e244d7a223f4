"""A runtime's own shared library for a Linux device, taken out of the runtime's wheel from any host.

The native runner opens it with dlopen. It is the same file that Python's package of the runtime uses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devices.environments.wheel_download import PinnedWheel, unpacked
from devices.errors import RuntimeNotAvailableError
from devices.runtimes.registry import RUNTIMES, native_library_of


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


def pinned_wheels() -> dict[tuple[str, str, str], PinnedWheel]:
    """(runtime, version, `uname -m`) → the wheel that was tested, of every runtime that has a library."""
    return {
        (spec.name, pinned.version, pinned.machine): PinnedWheel(
            spec.python_package().distribution, pinned.version, (pinned.platform,), pinned.sha256
        )
        for spec in RUNTIMES.values()
        if spec.native is not None
        for pinned in spec.native.pinned
    }


def runtime_library(runtime: str, version: str, machine: str) -> RuntimeLibrary:
    """The library of a runtime's version for Linux with glibc on a machine (`uname -m`), fetched once and cached.

    Raises `RuntimeNotAvailableError` for what is not pinned, `WheelError` where it cannot be fetched.
    """
    wheels, library = pinned_wheels(), native_library_of(runtime)
    wheel = wheels.get((runtime, version, machine))
    if wheel is None or library is None:
        known = sorted(f"{name}=={number} ({kind})" for name, number, kind in wheels)
        raise RuntimeNotAvailableError(
            f"no library of {runtime}=={version} for Linux on {machine} is known to the native runner",
            f"It has {', '.join(known)}. Use the python runner for others.",
        )
    folder = library.wheel_folder
    found = sorted((unpacked(wheel, folder) / folder).glob(library.wheel_pattern))
    if len(found) != 1:
        raise RuntimeNotAvailableError(f"{wheel} has no {folder}{library.wheel_pattern}")
    with found[0].open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return RuntimeLibrary(path=found[0], sha256=digest, source=f"wheel of {wheel}, sha256 {wheel.sha256}")
