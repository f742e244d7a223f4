"""Building the native runner: for every target, from any host.

A build is kept in the cache under the hash of the sources and of what the compiler was told, so a second one is a
look-up.
"""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from devices.build.android_build import ARCHITECTURES, build_flags, compile_for_android
from devices.build.zig import ZIG_VERSION, compile_with, zig_folder
from devices.cache import cache_folder

SOURCES: Final = Path(__file__).resolve().parents[1] / "native"
BINARY_NAME: Final = "bakeoff-runner"

_LINUX_FLAGS: Final = (
    "-std=c11",
    "-D_GNU_SOURCE",
    "-D_FILE_OFFSET_BITS=64",
    "-Os",
    "-fno-sanitize=all",
    "-ffunction-sections",
    "-fdata-sections",
    *("-Wall", "-Wextra", "-Wshadow", "-Werror"),
    *("-Wl,--gc-sections", "-s"),
)


@dataclass(frozen=True)
class Target:
    """A kind of device that the runner is built for."""

    name: str
    system: Literal["linux", "android"]
    kind: str
    """For Linux zig's triple, with the oldest libc that it runs on; for Android the ABI."""


TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (
        Target("linux-x86_64", "linux", "x86_64-linux-gnu.2.17"),
        Target("linux-aarch64", "linux", "aarch64-linux-gnu.2.17"),
        Target("linux-armv7", "linux", "arm-linux-gnueabihf.2.17"),
        *(Target(f"android-{abi}", "android", abi) for abi in ARCHITECTURES),
    )
}


def target_for_machine(machine: str) -> Target | None:
    """The target of a Linux machine with glibc as `uname -m` names it; None where there is none."""
    names = {"x86_64": "linux-x86_64", "amd64": "linux-x86_64", "aarch64": "linux-aarch64", "arm64": "linux-aarch64"}
    name = names.get(machine.lower(), "linux-armv7" if machine.lower().startswith("armv7") else "")
    return TARGETS.get(name)


def target_for_abi(abi: str) -> Target | None:
    """The target of an Android device by the first of its ABIs; None where there is none."""
    return TARGETS.get(f"android-{abi}")


def built(target: Target) -> Path | None:
    """The runner for a target, where the cache has it."""
    binary = _folder(target) / BINARY_NAME
    return binary if binary.exists() else None


def build(target: Target) -> Path:
    """The runner for a target, built unless the cache has it. Raises `BuildError`, or `WheelError` for the compiler."""
    folder = _folder(target)
    binary = folder / BINARY_NAME
    if binary.exists():
        return binary
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                made = Path(temporary) / BINARY_NAME
                if target.system == "android":
                    compile_for_android(target.kind, SOURCES, sources(), Path(temporary), made)
                else:
                    _compile_for_linux(target, made)
                made.chmod(0o755)
                made.rename(binary)
    return binary


def _folder(target: Target) -> Path:
    return cache_folder() / "native" / f"{target.name}-{_digest(target)[:16]}"


def sources() -> list[Path]:
    """The C files that every target has, in order."""
    return sorted(path for path in SOURCES.rglob("*.c") if path.parent.name != "android")


def _digest(target: Target) -> str:
    """Of all that decides what comes out."""
    flags = build_flags(target.kind) if target.system == "android" else repr(_LINUX_FLAGS)
    whole = hashlib.sha256(repr((target, flags, ZIG_VERSION)).encode())
    for path in sorted(SOURCES.rglob("*.[ch]")):
        content = path.read_bytes()
        whole.update(f"{path.relative_to(SOURCES)} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def _compile_for_linux(target: Target, made: Path) -> None:
    compile_with(
        [
            str(zig_folder() / "zig"),
            "cc",
            "-target",
            target.kind,
            *_LINUX_FLAGS,
            f"-I{SOURCES}",
            *map(str, sources()),
            "-ldl",
            "-o",
            str(made),
        ],
        f"the runner for {target.name}",
    )
