"""Building the native runner: for every target, from any host, with zig's C compiler from its wheel.

A build is kept in the cache under the hash of the sources and of what the compiler was told, so a second one is a
look-up.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devices.errors import PermanentError
from devices.wheel_download import PinnedWheel, cache_folder, unpacked

SOURCES: Final = Path(__file__).resolve().parent / "native"
BINARY_NAME: Final = "bakeoff-runner"
_COMPILE_TIMEOUT_S = 600.0

ZIG_WHEELS: Final = {
    ("Linux", "x86_64"): PinnedWheel(
        "ziglang",
        "0.17.1",
        ("manylinux2010_x86_64",),
        "ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54",
    ),
    ("Linux", "aarch64"): PinnedWheel(
        "ziglang",
        "0.17.1",
        ("manylinux2014_aarch64",),
        "b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e",
    ),
}
"""(system, machine) of the host → the compiler that was tested there."""

_WARNINGS = ("-Wall", "-Wextra", "-Wshadow", "-Werror")
_LINUX_FLAGS = (
    "-std=c11",
    "-D_GNU_SOURCE",
    "-D_FILE_OFFSET_BITS=64",
    "-Os",
    "-fno-sanitize=all",
    "-ffunction-sections",
    "-fdata-sections",
    *_WARNINGS,
)


class BuildError(PermanentError):
    """The runner cannot be built, with the compiler's words."""


@dataclass(frozen=True)
class Target:
    """A kind of device that the runner is built for."""

    name: str
    triple: str
    """In zig's words, with the oldest libc that it runs on."""


TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (
        Target("linux-x86_64", "x86_64-linux-gnu.2.17"),
        Target("linux-aarch64", "aarch64-linux-gnu.2.17"),
        Target("linux-armv7", "arm-linux-gnueabihf.2.17"),
    )
}


def target_for_machine(machine: str) -> Target | None:
    """The Linux target of a machine as `uname -m` names it; None where there is none."""
    names = {"x86_64": "linux-x86_64", "amd64": "linux-x86_64", "aarch64": "linux-aarch64", "arm64": "linux-aarch64"}
    name = names.get(machine.lower(), "linux-armv7" if machine.lower().startswith("armv7") else "")
    return TARGETS.get(name)


def build(target: Target) -> Path:
    """The runner for a target, built unless the cache has it. Raises `BuildError`, or `WheelError` for the compiler."""
    folder = cache_folder() / "native" / f"{target.name}-{_digest(target)[:16]}"
    binary = folder / BINARY_NAME
    if binary.exists():
        return binary
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                made = Path(temporary) / BINARY_NAME
                _compile_for_linux(target, made)
                made.chmod(0o755)
                made.rename(binary)
    return binary


def sources() -> list[Path]:
    """The C files, in order."""
    return sorted(SOURCES.glob("*.c"))


def zig() -> Path:
    """The compiler of this host. Raises `BuildError` or `WheelError`."""
    wheel = ZIG_WHEELS.get((platform.system(), platform.machine()))
    if wheel is None:
        raise BuildError(
            f"no compiler for this host ({platform.system()} on {platform.machine()}) is known",
            "Build on Linux (x86-64 or arm64), or use the python runner.",
        )
    return unpacked(wheel) / "ziglang" / "zig"


def _digest(target: Target) -> str:
    """Of all that decides what comes out."""
    whole = hashlib.sha256(repr((target, _LINUX_FLAGS, _zig_version())).encode())
    for path in sorted(SOURCES.glob("*.[ch]")):
        content = path.read_bytes()
        whole.update(f"{path.name} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def _zig_version() -> str:
    return next(iter(ZIG_WHEELS.values())).version


def _compile_for_linux(target: Target, made: Path) -> None:
    link = ["-Wl,--gc-sections", "-s", "-ldl"]
    run_compiler(
        [str(zig()), "cc", "-target", target.triple, *_LINUX_FLAGS, *map(str, sources()), *link, "-o", str(made)],
        f"the runner for {target.name}",
    )


def run_compiler(command: list[str], what: str) -> None:
    """Runs a compiler or linker to its end. Raises `BuildError`."""
    try:
        finished = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_COMPILE_TIMEOUT_S,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        raise BuildError(f"building {what} did not end within {_COMPILE_TIMEOUT_S:g} s") from None
    except OSError as error:
        raise BuildError(f"building {what}: {command[0]} cannot be run: {error.strerror}") from error
    if finished.returncode != 0:
        lines = [line for line in finished.stderr.splitlines() if "error" in line] or finished.stderr.splitlines()
        raise BuildError(f"building {what} failed: {lines[0] if lines else f'exit code {finished.returncode}'}")


def _environment() -> dict[str, str]:
    # zig keeps what it compiled of libc and compiler_rt; beside our own cache rather than below the working directory.
    caches = {
        name: str(cache_folder() / "zig")
        for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")
        if name not in os.environ
    }
    return {**os.environ, **caches}


