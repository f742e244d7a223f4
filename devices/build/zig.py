"""The C compiler: clang and lld for every target at once, as zig's wheel carries them."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from devices.cache import cache_folder
from devices.environments.wheel_download import PinnedWheel, is_here, unpacked
from devices.errors import PermanentError

ZIG_VERSION: Final = "0.17.1"

ZIG_WHEELS: Final = {
    ("Linux", "x86_64"): PinnedWheel(
        "ziglang",
        ZIG_VERSION,
        ("manylinux2010_x86_64",),
        "ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54",
    ),
    ("Linux", "aarch64"): PinnedWheel(
        "ziglang",
        ZIG_VERSION,
        ("manylinux2014_aarch64",),
        "b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e",
    ),
}
"""(system, machine) of the host → the compiler that was tested there."""

_TIMEOUT_S = 600.0


class BuildError(PermanentError):
    """The runner cannot be built, with the compiler's words."""


def zig_folder() -> Path:
    """The folder of this host's `zig` and of its `lib/`. Raises `BuildError` or `WheelError`."""
    wheel = ZIG_WHEELS.get((platform.system(), platform.machine()))
    if wheel is None:
        raise BuildError(
            f"no compiler for this host ({platform.system()} on {platform.machine()}) is known",
            "Build on Linux (x86-64 or arm64), or use the python runner.",
        )
    return unpacked(wheel) / "ziglang"


def compiler_state() -> str | None:
    """In a few words for people where the compiler is or will be from; None where this host can have none."""
    wheel = ZIG_WHEELS.get((platform.system(), platform.machine()))
    if wheel is None:
        return None
    return "the compiler is here" if is_here(wheel) else "its compiler comes from the package index"


def compile_with(command: Sequence[str], what: str) -> None:
    """Runs a compiler or a linker to its end. Raises `BuildError`."""
    # zig keeps what it compiled of libc: beside our own cache, rather than below the working directory.
    caches = {name: str(cache_folder() / "zig") for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")}
    try:
        finished = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
            env={**caches, **os.environ},
        )
    except subprocess.TimeoutExpired:
        raise BuildError(f"building {what} did not end within {_TIMEOUT_S:g} s") from None
    except OSError as error:
        raise BuildError(f"building {what}: {command[0]} cannot be run: {error.strerror}") from error
    if finished.returncode != 0:
        lines = [line for line in finished.stderr.splitlines() if "error" in line] or finished.stderr.splitlines()
        raise BuildError(f"building {what} failed: {lines[0] if lines else f'exit code {finished.returncode}'}")
